# SPDX-License-Identifier: Apache-2.0
"""From franky's robot state to ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from frs_ros.robot.base import ArmState, RobotMode

MODES = {
    'Idle': RobotMode.IDLE,
    'Move': RobotMode.MOVE,
    'Guiding': RobotMode.GUIDING,
    'Reflex': RobotMode.REFLEX,
    'UserStopped': RobotMode.USER_STOPPED,
    'AutomaticErrorRecovery': RobotMode.RECOVERING,
}


def arm_state(raw: Any, read_at: float, tool: np.ndarray) -> ArmState:
    """Converts a state; width and line of the gripper are another's matter.

    The robot's O_T_EE depends on the end effector that was set up in Desk. The pose here is taken
    from the flange (O_T_EE times the inverse of F_T_EE) and our own model of the tool, so that it
    always is the one of our kinematics; for the Franka Hand set up as delivered the two agree.

    Args:
        raw: A franky.RobotState.
        read_at: Driver's clock when its time advanced, s.
        tool: [4, 4] tool centre point in the flange.
    """
    flange = np.asarray(raw.O_T_EE.matrix) @ np.linalg.inv(np.asarray(raw.F_T_EE.matrix))
    return ArmState(
        time=raw.time.to_sec(),
        read_at=read_at,
        q=np.array(raw.q, dtype=np.float64),
        dq=np.array(raw.dq, dtype=np.float64),
        pose=flange @ tool,
        tau_external=np.array(raw.tau_ext_hat_filtered, dtype=np.float64),
        wrench_external=np.array(raw.O_F_ext_hat_K, dtype=np.float64),
        mode=MODES.get(raw.robot_mode.name, RobotMode.OTHER),
        errors=error_names(raw.current_errors),
        success_rate=float(raw.control_command_success_rate),
    )


def error_names(errors: Any) -> tuple[str, ...]:
    """Names of the errors that are set in a franky.Errors."""
    names = (name for name in dir(errors) if not name.startswith('_'))
    return tuple(name for name in names if getattr(errors, name) is True)
