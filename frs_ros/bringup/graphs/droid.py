# SPDX-License-Identifier: Apache-2.0
"""The graph `droid`: a Franka arm with cameras."""

from __future__ import annotations

from collections.abc import Mapping

from frs_ros.bringup.graph import Argument, Graph, Overrides, any_of, same
from frs_ros.bringup.graphs import cell
from frs_ros.errors import ConfigError

DESCRIBED = ('franky',)  # drivers of an arm that nobody else describes


def _derive(values: Mapping[str, str]) -> Overrides:
    """As of any cell; ConfigError too if an arm with a description of its own is to get ours."""
    if values['model'] == 'true' and values['driver'] not in DESCRIBED:
        raise ConfigError(
            'model:=true does not go with driver:=topics: robot_description and TF are those of '
            "the arm's own launch file"
        )
    return cell.derive(values)


DROID = Graph(
    'droid',
    'a Franka arm with two cameras',
    rows=cell.rows(controller={}, camera={}, described=DESCRIBED),
    arguments=(
        Argument(
            'driver',
            (cell.CONTROLLER, 'driver'),
            'Who drives the arm. franky: this computer, by FCI. topics: controllers of '
            'ros2_control that run already (docs/robot.md).',
            words=any_of('franky', 'topics'),
            default='franky',
        ),
        *same(cell.CONTROLLER, 'address', 'allow_non_realtime', 'command'),
        *cell.camera_arguments('source', 'serial', 'device', 'topic'),
        *cell.arguments(start='episode', checkpoint=''),
    ),
    derive=_derive,
)
