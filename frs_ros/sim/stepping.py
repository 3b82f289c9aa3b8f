# SPDX-License-Identifier: Apache-2.0
"""robosuite's control step, to the bit, without what it computes two and three times.

For every physics step robosuite 1.4 (`environments/base.py: step`) runs MuJoCo's whole forward
dynamics, runs it again in the controller's `update`, and a third time inside of `mj_step`; names
are looked up and limits built each time. The controller needs positions and velocities only, so
here each physics step is `mj_step1`, the controller's own `run_controller`, `mj_step2`.
"""

from __future__ import annotations

from typing import Any

import numpy as np


class ControlStep:
    """Steps a LIBERO environment with one Panda under OSC_POSE control."""

    def __init__(self, problem: Any) -> None:
        """Looks up what does not change.

        Args:
            problem: LIBERO's environment, a robosuite `RobotEnv`.
        """
        self._problem = problem
        self._robot = robot = problem.robots[0]
        self._controller = robot.controller
        self._model, self._data = problem.sim.model._model, problem.sim.data._data
        self._substeps = int(problem.control_timestep / problem.model_timestep)
        self._site = self._model.site(self._controller.eef_name).id
        self._torque_limits = robot.torque_limits
        fingers = [self._model.actuator(name).id for name in robot.gripper.actuators]
        limits = self._model.actuator_ctrlrange[fingers]
        self._fingers = fingers
        self._bias = 0.5 * (limits[:, 1] + limits[:, 0])
        self._weight = 0.5 * (limits[:, 1] - limits[:, 0])
        self._inertia = np.zeros((self._model.nv, self._model.nv))

    def __call__(self, action: np.ndarray) -> None:
        """Executes an action [7] for one control period.

        As after robosuite's step, derived positions are those before the last physics step.
        """
        import mujoco

        for substep in range(self._substeps):
            mujoco.mj_step1(self._model, self._data)
            self._observe()
            if substep == 0:
                self._controller.set_goal(action[:6])
            torques = np.clip(self._controller.run_controller(), *self._torque_limits)
            opening = self._robot.gripper.format_action(action[6:])
            self._data.ctrl[self._fingers] = self._bias + self._weight * opening
            self._data.ctrl[self._robot._ref_joint_actuator_indexes] = torques
            mujoco.mj_step2(self._model, self._data)
        self._problem._post_process()  # a stove that was turned on, for example

    def _observe(self) -> None:
        """What the controller's `update` reads; it is told that this has been done."""
        import mujoco

        controller, data, nv = self._controller, self._data, self._model.nv
        linear, angular = np.zeros((3, nv)), np.zeros((3, nv))
        mujoco.mj_jacSite(self._model, data, linear, angular, self._site)
        columns = controller.qvel_index
        controller.ee_pos = data.site_xpos[self._site].copy()
        controller.ee_ori_mat = data.site_xmat[self._site].reshape(3, 3).copy()
        controller.ee_pos_vel = np.dot(linear, data.qvel)
        controller.ee_ori_vel = np.dot(angular, data.qvel)
        controller.joint_pos = data.qpos[controller.qpos_index]
        controller.joint_vel = data.qvel[columns]
        controller.J_pos, controller.J_ori = linear[:, columns], angular[:, columns]
        controller.J_full = np.vstack([controller.J_pos, controller.J_ori])
        mujoco.mj_fullM(self._model, self._inertia, data.qM)
        controller.mass_matrix = self._inertia[columns, :][:, columns]
        controller.new_update = False
