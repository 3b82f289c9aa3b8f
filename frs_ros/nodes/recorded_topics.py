# SPDX-License-Identifier: Apache-2.0
"""Which topics of the graph belong into a bag."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from frs_ros.nodes import topics

COMPRESSED, RAW, BOTH, NONE = 'compressed', 'raw', 'both', 'none'
IMAGES = (COMPRESSED, RAW, BOTH, NONE)

# Topic -> its type: subscribed from the start on, so that nothing is lost until it is discovered.
# The labels come first: within one round they are served before what follows them.
KNOWN: Mapping[str, str] = {
    topics.EPISODE: 'frs_ros/msg/Episode',
    topics.PLAN_REQUEST: 'frs_ros/msg/PlanRequest',
    topics.ACTION_CHUNK: 'frs_ros/msg/ActionChunk',
    topics.STEERING_REPORT: 'frs_ros/msg/SteeringReport',
    topics.GUIDANCE: 'frs_ros/msg/Guidance',
    topics.GUIDANCE_PATH: 'frs_ros/msg/GuidancePath',
    topics.ROBOT_STATE: 'frs_ros/msg/RobotState',
    topics.JOINT_STATES: 'sensor_msgs/msg/JointState',
    topics.SAFETY_STATUS: 'frs_ros/msg/SafetyStatus',
    topics.PRIVILEGED_SCENE: 'frs_ros/msg/PrivilegedScene',
    '/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray',
}
_KINDS = {
    COMPRESSED: ('image_raw/compressed',),
    RAW: ('image_raw',),
    BOTH: ('image_raw/compressed', 'image_raw'),
    NONE: (),
}


class RecordedTopics:
    """Decides by name; namespaces and remaps of the node apply.

    Attributes:
        known: Full name -> type of what is subscribed from the start on.
    """

    def __init__(
        self, images: str, extra: Iterable[str], resolve: Callable[[str], str], namespace: str
    ) -> None:
        """Prepares.

        Args:
            images: Which images, one of `IMAGES`.
            extra: Names of further topics.
            resolve: Name -> full name, as the node sees it.
            namespace: Of the node; cameras are looked for below it.
        """
        self.known = {resolve(name): kind for name, kind in KNOWN.items()}
        self._extra = {resolve(name) for name in extra}
        kinds = '|'.join((*_KINDS[images], 'camera_info'))
        prefix = namespace.rstrip('/')
        self._camera = re.compile(rf'{re.escape(prefix)}/(?P<camera>.+)/color/(?:{kinds})')

    def wanted(self, name: str) -> bool:
        """Whether a topic of the graph is recorded; the view for people is not."""
        if name in self.known or name in self._extra:
            return True
        camera = self._camera.fullmatch(name)
        return camera is not None and camera['camera'] != topics.VIEW
