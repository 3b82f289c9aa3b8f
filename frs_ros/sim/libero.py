# SPDX-License-Identifier: Apache-2.0
"""A LIBERO task without ROS: stock definition, init states, controller and success predicate.

Actions [7] in [-1, 1] go to LIBERO's OSC_POSE controller at 20 Hz: translation (1 = 0.05 m) and
axis-angle (1 = 0.5 rad) in base axes, gripper (-1 open, +1 close; only the sign counts).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from frs_ros.cameras.codec import decode_jpeg, encode_jpeg
from frs_ros.cameras.pinhole import Pinhole
from frs_ros.errors import ConfigError, choose
from frs_ros.sim import assets as asset_packs
from frs_ros.sim import suites
from frs_ros.sim.build import build
from frs_ros.sim.geometry import axis_angle
from frs_ros.sim.goals import Goal, in_order, places
from frs_ros.sim.placing import Aim, aim
from frs_ros.sim.rendering import MUJOCO_CAMERAS, SceneCamera
from frs_ros.sim.stepping import ControlStep
from frs_ros.sim.wording import check_retargeted, instruction_for, object_type
from frs_ros.sim.world import GRASP_SITE, World
from frs_ros.types import CameraSpec, ObjectPose, Observation, PrivilegedScene

CONTROL_HZ = 20.0
SETTLE_STEPS = 10
IDLE = np.array([0.0, 0, 0, 0, 0, 0, -1])
_OPEN = -1.0
OPEN_ENOUGH = 0.75  # of a drawer's way, to put things inside


class LiberoEnv:
    """One task, ready to reset and step. Not thread-safe; render in the thread that made it.

    Attributes:
        suite: Suite name.
        task_id: Index within the suite.
        instruction: The task in words.
        max_steps: Step limit of an episode.
        control_hz: Control rate.
        num_init_states: Number of stock init states.
        assets: The asset pack in use.
        stock_instruction: The task in LIBERO's words; `instruction` is the one in force. Of
            another target if one was named.
        stock_goals: The task's predicates, such as (in, milk_1, basket_1_contain_region), in the
            order in which they can be reached; see `sim.goals`.
        goals: The predicates in force: success is that all hold.
        world: What stands where.
        goal: The one to work at now. Not always one of `goals`: what has to go into a closed
            drawer wants it open first.
    """

    control_hz = CONTROL_HZ

    def __init__(
        self,
        suite: str,
        task_id: int,
        *,
        cameras: Sequence[CameraSpec],
        assets: str = 'auto',
        target: str = '',
    ) -> None:
        """Builds the simulation (1 to 2 s).

        Args:
            suite: LIBERO suite.
            task_id: Index within it.
            cameras: What `capture` and `observe` render.
            assets: 'auto', 'stock', 'standin' or a folder, see `sim.assets`.
            target: Type of the object to fetch, such as 'milk', in the place of the task's own.

        Raises:
            ConfigError: Unknown suite, task, camera or target, or a goal of a kind that is not
                known.
            AssetError: Assets are missing.
        """
        task = suites.task(suite, task_id)
        self.suite, self.task_id = suite, task_id
        self.instruction = self.stock_instruction = task.instruction
        self.max_steps = task.max_steps
        self.cameras = tuple(cameras)
        for camera in self.cameras:
            choose('camera', camera.name, MUJOCO_CAMERAS)
        self.assets = asset_packs.resolve(assets, suite)
        self._init_states = suites.init_states(task)
        self.num_init_states = len(self._init_states)
        self._env = build(str(task.bddl_file), self.assets)
        self.model, self.data = self._env.sim.model._model, self._env.sim.data._data
        self._control_step = ControlStep(self._problem)
        self._camera = SceneCamera(self.model, self.data)
        self._grasp_site = self.model.site(GRASP_SITE).id
        self.world = World(self._problem, self.model, self.data)
        self._eef_body = self.model.body('robot0_right_hand').id
        fingers = ('gripper0_finger_joint1', 'gripper0_finger_joint2')
        self._finger_qpos = [int(self.model.joint(j).qposadr[0]) for j in fingers]
        self._rest_heights: dict[str, float] = {}
        self._aims: dict[Goal, Aim] = {}
        self.stock_goals = self.goals = self._known_goals()
        self.goal = self.goals[0]
        self.gripper_command = _OPEN
        if target:
            self._adopt(target)

    @property
    def _problem(self) -> Any:
        return self._env.env

    @property
    def stock_goal(self) -> Goal:
        """The first of the task's predicates; most tasks have one."""
        return self.stock_goals[0]

    def _known_goals(self) -> tuple[Goal, ...]:
        """The task's predicates; ConfigError if one is of a kind that is not known."""
        try:
            return in_order(self._problem.parsed_problem['goal_state'])
        except ConfigError as error:
            raise ConfigError(
                f'{self.suite} task {self.task_id}, "{self.instruction}", cannot be run: {error}'
            ) from None

    def _adopt(self, kind: str) -> None:
        """Makes fetching another object the task."""
        check_retargeted(self.suite)
        names = {object_type(name): name for name in self.object_names[:-1]}
        self.retarget(names[choose(f'target of task {self.task_id}', kind, names)])
        self.stock_goals, self.stock_instruction = self.goals, self.instruction

    # ---- episode ------------------------------------------------------------------------------

    def reset(self, init_id: int) -> None:
        """Loads a stock init state and lets the objects settle, as openpi's client does."""
        if not 0 <= init_id < self.num_init_states:
            raise ConfigError(
                f'init state {init_id} does not exist; {self.suite} task {self.task_id} has '
                f'0 to {self.num_init_states - 1}'
            )
        self.goals, self.instruction = self.stock_goals, self.stock_instruction
        self.load_state(self._init_states[init_id])
        self.settle()

    def load_state(self, state: np.ndarray) -> None:
        """Sets a flattened MuJoCo state (time, qpos, qvel) with nothing left of the past."""
        import mujoco

        mujoco.mj_resetData(self.model, self.data)
        nq = self.model.nq
        self.data.time = state[0]
        self.data.qpos[:] = state[1 : 1 + nq]
        self.data.qvel[:] = state[1 + nq : 1 + nq + self.model.nv]
        mujoco.mj_forward(self.model, self.data)
        for robot in self._env.robots:
            robot.gripper.current_action = np.zeros(robot.gripper.dof)
            robot.controller.update(force=True)
            robot.controller.reset_goal()
        self.gripper_command = _OPEN

    def settle(self) -> None:
        """Steps without moving, then takes the objects' heights as those at rest."""
        for _ in range(SETTLE_STEPS):
            self.step(IDLE)
        self._rest_heights = {n: self._height(n) for n in self.world.movable}
        self._aims = {}
        self._look(self._met())

    def retarget(self, target: str) -> None:
        """Makes another object the one to fetch until the next reset, in goal and instruction."""
        check_retargeted(self.suite)
        if target not in self.object_names[:-1]:
            raise ConfigError(f'no object {target}; there are {", ".join(self.object_names[:-1])}')
        goal = (self.stock_goal[0], target, *self.stock_goal[2:])
        self.pursue(goal, instruction_for(target))

    def pursue(self, goal: Sequence[str], instruction: str) -> None:
        """Puts another goal in force until the next reset: of a thing or joint of the scene."""
        if not self.world.exists(goal):
            raise ConfigError(f'{" ".join(goal)} is no goal in {self.suite} task {self.task_id}')
        self.goals, self.instruction = (tuple(goal),), instruction
        self._aims = {}
        self._look(self._met())

    def _met(self) -> list[bool]:
        return [self.world.fulfilled(goal) for goal in self.goals]

    def _look(self, met: Sequence[bool]) -> None:
        """Chooses the goal to work at, and notes where things are as work at it begins."""
        unmet = [goal for goal, holds in zip(self.goals, met, strict=True) if not holds]
        goal = unmet[0] if unmet else self.goals[-1]
        joint = self.world.joint(goal[2]) if places(goal) else None
        if joint is not None and joint.opening(self.data) < OPEN_ENOUGH:
            goal = ('open', goal[2])
        self.goal = goal
        if goal not in self._aims:
            self._rest_heights.setdefault(self.destination, self._height(self.destination))
            self._aims[goal] = aim(self.world, goal)

    def _height(self, name: str) -> float:
        return float(self.world.position(name)[2])

    def step(self, action: np.ndarray) -> bool:
        """Executes one action [7]; returns whether all goals in force hold."""
        wanted = np.asarray(action, dtype=np.float64)
        if wanted.shape != (7,) or not np.all(np.isfinite(wanted)):
            raise ConfigError(f'an action must be 7 finite numbers, got {wanted}')
        clipped = np.clip(wanted, -1.0, 1.0)
        self._control_step(clipped)
        self.gripper_command = float(clipped[6])
        met = self._met()
        self._look(met)
        return all(met)

    # ---- observation --------------------------------------------------------------------------

    def capture(self) -> dict[str, bytes]:
        """JPEG image of each camera."""
        return {
            c.name: encode_jpeg(self._camera.render(c.name, c.height, c.width))
            for c in self.cameras
        }

    def observe(self, stamp_ns: int = 0) -> Observation:
        """What a policy sees, images as a receiver of `capture` decodes them."""
        images = {name: decode_jpeg(data) for name, data in self.capture().items()}
        return Observation(images, self.state(), self.instruction, self.gripper_command, stamp_ns)

    def state(self) -> np.ndarray:
        """[8] position (m), axis-angle (rad), fingers (m), as openpi's LIBERO client builds it."""
        w, x, y, z = self.data.xquat[self._eef_body]
        rotation = axis_angle(np.array([x, y, z, w]))
        position = self.data.site_xpos[self._grasp_site]
        return np.concatenate([position, rotation, self.data.qpos[self._finger_qpos]])

    def joint_state(self) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Arm joint names, positions (rad) and velocities (rad/s)."""
        robot = self._env.robots[0]
        names = [f'panda_joint{i + 1}' for i in range(7)]
        positions = self.data.qpos[robot._ref_joint_pos_indexes].copy()
        return names, positions, self.data.qvel[robot._ref_joint_vel_indexes].copy()

    def view(self, height: int, width: int, camera: str = 'agentview') -> np.ndarray:
        """An image for people, [height, width, 3] uint8 RGB."""
        return self._camera.render(camera, height, width)

    def project(
        self, points: np.ndarray, height: int, width: int, camera: str = 'agentview'
    ) -> np.ndarray:
        """Pixels [n, 2] (u right, v down) of world points [n, 3] in the image of `view`."""
        return self._camera.project(points, camera, height, width)

    def intrinsics(self, camera: str, height: int, width: int) -> np.ndarray:
        """Camera matrix K [3, 3] of an image, pixels; see `SceneCamera.intrinsics`."""
        return self._camera.intrinsics(camera, height, width)

    def pinhole(self, camera: str, height: int, width: int) -> Pinhole:
        """Calibration and pose of a camera for images of this size."""
        return self._camera.pinhole(camera, height, width)

    # ---- privileged state ---------------------------------------------------------------------

    @property
    def object_names(self) -> list[str]:
        """Names of the movable objects, the goal's destination last."""
        names = sorted(self._problem.objects_dict)
        return [n for n in names if n != self.destination] + [self.destination]

    @property
    def destination(self) -> str:
        """Where the goal's object goes: an object such as `basket_1`, or a region.

        For a goal about a joint, the region or furniture that it belongs to.
        """
        owner = self.world.owner_of(self.goal) if places(self.goal) else ''
        return owner if owner in self.world.movable else self.goal[-1]

    def scene(self, stamp_ns: int = 0) -> PrivilegedScene:
        """Poses of everything, for oracle guidance and outcome classes."""
        objects = {
            n: ObjectPose(
                self.world.position(n),
                np.ptp(self.world.vertices(n), axis=0),
                self._rest_heights.get(n, 0.0),
            )
            for n in self.object_names
        }
        target, aimed = self.goal[1], self._aims[self.goal]
        return PrivilegedScene(
            self.world.gripper_pose()[0],
            objects,
            target,
            self.destination,
            stamp_ns,
            reach=None if aimed.rim is None else self.world.position(target) + aimed.rim,
            carry_height=aimed.carry_height,
            release_height=aimed.release_height,
        )

    def close(self) -> None:
        """Frees rendering contexts and the simulation."""
        self._camera.close()
        self._env.close()
