# SPDX-License-Identifier: Apache-2.0
"""Why an episode failed: what was lifted, how near the hand came, where things ended."""

from __future__ import annotations

import numpy as np

from frs_ros.types import ObjectPose, PrivilegedScene

SUCCESS = 'success'
WRONG_OBJECT = 'wrong object'
NO_GRASP = 'near but no grasp'
DROPPED = 'dropped'
WRONG_PLACE = 'wrong place'
BEGUN = 'moved but not there'
NEVER_NEAR = 'never near'
FAILURES = (WRONG_OBJECT, NO_GRASP, DROPPED, BEGUN, NEVER_NEAR, WRONG_PLACE)

LIFT_HEIGHT = 0.03
NEAR_DISTANCE = 0.03
MOVED_DISTANCE = 0.03
HAND_AWAY = 0.12


class OutcomeMonitor:
    """Watches an episode; feed it the scene after every step.

    An object counts as grasped once it is `LIFT_HEIGHT` (m) above its rest height. The target
    counts as approached once the gripper was laterally within `NEAR_DISTANCE` (m) of where it is
    grasped: its middle, anywhere on the rim of a bowl, the handle of a drawer. What is not lifted,
    such as a drawer or a plate that is pushed, counts as moved `MOVED_DISTANCE` (m) from where it
    was. The target counts as put in the wrong place if it stands on something else in the end, the
    hand `HAND_AWAY` (m) from it.

    Where a task has several goals, the class is about the one at work in the end.
    """

    def __init__(self, scene: PrivilegedScene) -> None:
        self._lifted: str | None = None
        self._first_lifted: str | None = None
        self._closest, self._farthest = np.inf, 0.0
        self._begin(scene)
        self.update(scene)

    def update(self, scene: PrivilegedScene) -> None:
        """Takes the state after one step into account."""
        if (scene.target, scene.destination) != self._at_work:
            self._begin(scene)
        self._scene = scene
        target = scene.objects[scene.target].position
        self._closest = min(self._closest, _aside(scene))
        self._farthest = max(self._farthest, float(np.linalg.norm((target - self._start)[:2])))
        if self._lifted is None:
            self._lifted = next((n for n in scene.objects if self._is_lifted(scene, n)), None)
            self._first_lifted = self._first_lifted or self._lifted

    @property
    def first_lifted(self) -> str | None:
        """Name of the object that was lifted first, if any: the mode the policy has chosen."""
        return self._first_lifted

    def classify(self, success: bool) -> str:
        """`SUCCESS` or one of `FAILURES`; 'dropped' includes time running out while carrying."""
        if success:
            return SUCCESS
        if self._lifted is not None:
            if self._lifted != self._at_work[0]:
                return WRONG_OBJECT
            return WRONG_PLACE if self._stands_elsewhere() else DROPPED
        if self._closest >= NEAR_DISTANCE:
            return NEVER_NEAR
        return BEGUN if self._farthest > MOVED_DISTANCE else NO_GRASP

    def _begin(self, scene: PrivilegedScene) -> None:
        """Forgets what happened while another goal was at work."""
        self._at_work = (scene.target, scene.destination)
        self._start = scene.objects[scene.target].position
        # what has been put onto something is not lifted any more
        self._rest = {n: max(p.rest_height, p.position[2]) for n, p in scene.objects.items()}
        self._lifted = None
        self._closest, self._farthest = np.inf, 0.0

    def _stands_elsewhere(self) -> bool:
        """Whether the target has been put onto something else than it stood on."""
        scene, name = self._scene, self._at_work[0]
        target = scene.objects[name].position
        if np.linalg.norm(target - scene.gripper) < HAND_AWAY:
            return False
        others = (pose for other, pose in scene.objects.items() if other != name)
        return self._is_lifted(scene, name) or any(_over(target, pose) for pose in others)

    def _is_lifted(self, scene: PrivilegedScene, name: str) -> bool:
        rest = self._rest.get(name, scene.objects[name].rest_height)
        return name != scene.destination and scene.objects[name].position[2] > rest + LIFT_HEIGHT


def _aside(scene: PrivilegedScene) -> float:
    """Horizontal distance (m) of the hand from where the target is grasped."""
    target = scene.objects[scene.target]
    if scene.reach is None:
        return float(np.linalg.norm((target.position - scene.gripper)[:2]))
    if np.isnan(scene.release_height):  # a handle, or where something is pushed
        return float(np.linalg.norm((scene.reach - scene.gripper)[:2]))
    off_centre = float(np.linalg.norm((target.position - scene.gripper)[:2]))
    return max(off_centre - float(target.extent[:2].max()) / 2, 0.0)


def _over(point: np.ndarray, pose: ObjectPose) -> bool:
    """Whether a thing at `point` [3] (m) lies over another one."""
    inside = np.abs((point - pose.position)[:2]) < pose.extent[:2] / 2
    return bool(np.all(inside) and point[2] > pose.position[2])
