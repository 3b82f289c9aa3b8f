# SPDX-License-Identifier: Apache-2.0
"""Node `oracle_guidance`: guidance from what only the simulator knows."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from rclpy.node import Node

from frs_ros.errors import FrsError
from frs_ros.guidance.oracle import OracleSettings, hesitating, oracle_guidance
from frs_ros.messages.guidance import Guidance
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.msg import PrivilegedScene as SceneMsg
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.oracle_guidance import OracleGuidanceParameters
from frs_ros.ros import qos, spin
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.convert.scene import scene_from_msg
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.parameters import declare, on_change
from frs_ros.types import PrivilegedScene


class OracleGuidance(Node):
    """Answers every privileged scene with one guidance of the same stamp.

    Subscribes `privileged_scene`, publishes `guidance`.
    """

    def __init__(self) -> None:
        super().__init__('oracle_guidance', automatically_declare_parameters_from_overrides=True)
        self._settings = declare(self, OracleGuidanceParameters)
        on_change(self, self._settings, self._apply)
        self._rng = np.random.default_rng(0)  # drawn once per scene: lockstep repeats itself
        self._diagnostics = Diagnostics(self)
        self._publisher = self.create_publisher(GuidanceMsg, topics.GUIDANCE, qos.EXCHANGE)
        self.create_subscription(SceneMsg, topics.PRIVILEGED_SCENE, self._on_scene, qos.EXCHANGE)

    def _apply(self, parameters: OracleGuidanceParameters) -> None:
        self._settings = parameters

    def _on_scene(self, msg: SceneMsg) -> None:
        try:
            guidance = self._advice(scene_from_msg(msg))
        except FrsError as error:
            self._diagnostics.report('scene', str(error), error=True)
            return
        self._diagnostics.clear('scene')
        self._publisher.publish(guidance_to_msg(guidance))

    def _advice(self, scene: PrivilegedScene) -> Guidance:
        said = self._settings
        distances = OracleSettings(near_target=said.near_target)
        guidance = oracle_guidance(scene, said.magnitude, distances)
        return hesitating(guidance, said.hesitation, self._rng)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(OracleGuidance, args)


if __name__ == '__main__':
    sys.exit(main())
