# SPDX-License-Identifier: Apache-2.0
"""What stands where in a simulated scene: objects, regions and joints of furniture, the hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.sim.geometry import BOX_CORNERS, collision_geoms, geom_vertices
from frs_ros.sim.goals import moves, places
from frs_ros.sim.joints import Joint, handle
from frs_ros.sim.obstacles import Obstacles, surroundings

GRASP_SITE = 'gripper0_grip_site'


class World:
    """LIBERO's names, looked up in MuJoCo's model as its data are now."""

    def __init__(self, problem: Any, model: Any, data: Any) -> None:
        """Looks; nothing is changed here.

        Args:
            problem: robosuite's environment of the task.
            model: `mujoco.MjModel` of it.
            data: `mujoco.MjData` of it.
        """
        self._problem, self.model, self.data = problem, model, data
        self._grasp_site = model.site(GRASP_SITE).id
        self._joints: dict[str, Joint | None] = {}
        self._geoms: dict[str, list[int]] = {}

    # ---- goals --------------------------------------------------------------------------------

    def exists(self, goal: Sequence[str]) -> bool:
        """Whether a goal is about things and joints of the scene."""
        states = self._problem.object_states_dict
        if places(goal):
            return goal[1] in self.movable and goal[2] in states
        return moves(goal) and goal[1] in states and self.joint(goal[1]) is not None

    def fulfilled(self, goal: Sequence[str]) -> bool:
        """Evaluates a stock predicate such as ('in', 'milk_1', 'basket_1_contain_region')."""
        return bool(self._problem._eval_predicate(list(goal)))

    def owner_of(self, goal: Sequence[str]) -> str:
        """Object or furniture of a goal's region, or the goal's object itself.

        '' for a place on the table.
        """
        name = goal[-1]
        state = self._problem.object_states_dict.get(name)
        owner = getattr(state, 'parent_name', name)
        return owner if owner in self._problem.obj_body_id else ''

    # ---- things and furniture -----------------------------------------------------------------

    @property
    def movable(self) -> list[str]:
        """Names of all objects that can be carried."""
        return sorted(self._problem.objects_dict)

    def part_vertices(self, name: str) -> np.ndarray:
        """Vertices [n, 3] of the part of furniture, such as a drawer, that has a region."""
        body = int(self.model.site_bodyid[self.model.site(name).id])
        return geom_vertices(self.model, self.data, collision_geoms(self.model, body))

    def obstacles(self, name: str) -> Obstacles:
        """Everything but an object, the robot and flat ground, for the hand to avoid."""
        return surroundings(self.model, self.data, self._problem.obj_body_id[name])

    def position(self, name: str) -> np.ndarray:
        """Position [3] of an object's origin, or of a region of furniture, m, world frame."""
        if name in self._problem.obj_body_id:
            return self.data.xpos[self._problem.obj_body_id[name]].copy()
        return self.data.site_xpos[self.model.site(name).id].copy()

    def body_name(self, name: str) -> str:
        """Name of the MuJoCo body that carries an object's free joint."""
        body = self._problem.obj_body_id[name]
        while self.model.body_jntnum[body] == 0 and self.model.body_parentid[body] != 0:
            body = self.model.body_parentid[body]
        return str(self.model.body(body).name)

    def vertices(self, name: str) -> np.ndarray:
        """Vertices [n, 3] of an object's collision geometry or a region, m, world frame."""
        if name in self._problem.obj_body_id:
            return geom_vertices(self.model, self.data, self._collision_geoms(name))
        site = self.model.site(name).id
        corners = BOX_CORNERS * self.model.site_size[site]
        rotation = self.data.site_xmat[site].reshape(3, 3)
        return np.asarray(corners @ rotation.T + self.data.site_xpos[site])

    def _collision_geoms(self, name: str) -> list[int]:
        if name not in self._geoms:
            self._geoms[name] = collision_geoms(self.model, self._problem.obj_body_id[name])
        return self._geoms[name]

    def joint(self, name: str) -> Joint | None:
        """The slide or hinge of a drawer's region, of a door or of a knob; None for the rest."""
        if name not in self._joints:
            names = [] if name in self.movable else self._problem.get_object(name).joints
            self._joints[name] = Joint.named(self.model, names[0]) if names else None
        return self._joints[name]

    def handle(self, name: str) -> np.ndarray:
        """[3] m: where a drawer, door or knob is taken hold of; see `joint`."""
        joint = self.joint(name)
        if joint is None:
            raise ConfigError(f'{name} has no joint')
        return handle(self.model, self.data, joint)

    # ---- the hand -----------------------------------------------------------------------------

    def closing_angle(self) -> float:
        """Direction in the xy plane in which the fingers close, rad."""
        left, right = (self.data.body(f'gripper0_{s}finger').xpos for s in ('left', 'right'))
        return float(np.arctan2(*(left - right)[1::-1]))

    def gripper_pose(self) -> tuple[np.ndarray, np.ndarray]:
        """Position [3] (m) and rotation matrix [3, 3] of the grasp site, world frame."""
        matrix = self.data.site_xmat[self._grasp_site].reshape(3, 3)
        return self.data.site_xpos[self._grasp_site].copy(), matrix.copy()
