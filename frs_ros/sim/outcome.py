# SPDX-License-Identifier: Apache-2.0
"""Why an episode failed: wrong object, near but no grasp, dropped, never near."""

from __future__ import annotations

import numpy as np

from frs_ros.types import PrivilegedScene

SUCCESS = 'success'
WRONG_OBJECT = 'wrong object'
NO_GRASP = 'near but no grasp'
DROPPED = 'dropped'
NEVER_NEAR = 'never near'
FAILURES = (WRONG_OBJECT, NO_GRASP, DROPPED, NEVER_NEAR)

LIFT_HEIGHT = 0.03
NEAR_DISTANCE = 0.03


class OutcomeMonitor:
    """Watches an episode; feed it the scene after every step.

    An object counts as grasped once it is `LIFT_HEIGHT` (m) above its rest height, and as
    approached once the gripper was laterally within `NEAR_DISTANCE` (m) of it.
    """

    def __init__(self, scene: PrivilegedScene) -> None:
        self._target = scene.target
        self._first_lifted: str | None = None
        self._closest = np.inf
        self.update(scene)

    def update(self, scene: PrivilegedScene) -> None:
        """Takes the state after one step into account."""
        offset = scene.objects[self._target].position - scene.gripper
        self._closest = min(self._closest, float(np.linalg.norm(offset[:2])))
        if self._first_lifted is None:
            self._first_lifted = next(
                (
                    name
                    for name, pose in scene.objects.items()
                    if name != scene.destination
                    and pose.position[2] > pose.rest_height + LIFT_HEIGHT
                ),
                None,
            )

    @property
    def first_lifted(self) -> str | None:
        """Name of the object that was lifted first, if any: the mode the policy has chosen."""
        return self._first_lifted

    def classify(self, success: bool) -> str:
        """`SUCCESS` or one of `FAILURES`; 'dropped' includes time running out while carrying."""
        if success:
            return SUCCESS
        if self._first_lifted is None:
            return NO_GRASP if self._closest < NEAR_DISTANCE else NEVER_NEAR
        return DROPPED if self._first_lifted == self._target else WRONG_OBJECT
