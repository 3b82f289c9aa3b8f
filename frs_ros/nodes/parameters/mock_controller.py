# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `mock_controller`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class MockControllerParameters:
    """Parameters of the node `mock_controller`."""

    robot: str = parameter(
        'fr3', 'Cell: fr3 or panda for config/robots/<name>.yaml, or the path of such a file.'
    )
    command: str = parameter(
        'forward',
        'What the controller takes, as in franka_controller.',
        choices=('forward', 'target_joint', 'trajectory', 'target_pose'),
    )
    rate: float = parameter(
        200.0, 'Rate of the joint states, Hz; five times as often it moves.', low=10.0, high=1000.0
    )
