# SPDX-License-Identifier: Apache-2.0
"""A chunk of actions as guidance: from a planner, a demonstration or another policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.arm.units import JOINTS, gripper_units
from frs_ros.errors import ConfigError, choose
from frs_ros.guidance.references import resampling
from frs_ros.guidance.references.direction import (
    GRIPPER,
    GRIPPER_COMMAND,
    ROTATION,
    TRANSLATION,
    dimensions,
    encoded,
)
from frs_ros.guidance.references.joints import arm_joints
from frs_ros.messages.any_guidance import GuidanceError, Part
from frs_ros.messages.guidance import Gripper
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import (
    ACTION_SPACES,
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

# What no action exceeds that is in the units of its space: twice full command (policies overshoot
# a little), one turn, and more than any joint's speed in rad/s.
LARGEST = {CARTESIAN_DELTA: 2.0, JOINT_DELTA: 2.0, JOINT_POSITION: 6.3, JOINT_VELOCITY: 6.3}
MOST_ROWS, MOST_COLUMNS = 1000, 64
FASTEST = 1000.0  # Hz
FARTHEST = 0.5  # rad of any joint between the arm and the first position of a chunk

_SPOKEN = {
    Part.TRANSLATION: {*TRANSLATION, *JOINTS},
    Part.ROTATION: {*ROTATION, *JOINTS},
    Part.GRIPPER: {GRIPPER},
}


@dataclass(frozen=True)
class GivenChunk:
    """Do these actions. A chunk that cannot be meant cannot be made: ConfigError.

    Attributes:
        actions: [n, len(names)] in the units of the space, the first one to be executed next; n at
            most `MOST_ROWS`.
        names: What the columns are, of the policy's action names in any order. What is not there
            stands still, or is left to the policy in the case of the gripper.
        space: What the actions mean, one of `types.ACTION_SPACES`.
        control_hz: Their rate.
        enabled: Whether the source is steering.
        source: Name of the source: 'planner', 'demonstration', ...
        stamp_ns: When the guidance was given, clock of the observation.
    """

    actions: np.ndarray
    names: tuple[str, ...]
    space: str
    control_hz: float
    enabled: bool = True
    source: str = ''
    stamp_ns: int = 0

    def __post_init__(self) -> None:
        actions = np.array(self.actions, dtype=np.float64)
        width = len(self.names)
        if len(actions) > MOST_ROWS or width > MOST_COLUMNS:
            raise ConfigError(
                f'a given chunk has at most {MOST_ROWS} rows of {MOST_COLUMNS}, this one '
                f'{len(actions)} of {width}'
            )
        if not width or len(set(self.names)) < width:
            raise ConfigError('the columns of a given chunk must have names, each another one')
        if actions.ndim != 2 or actions.shape[1] != width or not len(actions):
            raise ConfigError(f'a given chunk must be [n, {width}], this one is {actions.shape}')
        if not np.isfinite(actions).all():
            raise ConfigError('a given chunk must be finite')
        if not 0 < self.control_hz <= FASTEST:
            raise ConfigError(
                f'the rate of a given chunk must be positive, and at most {FASTEST:g} Hz, '
                f'not {self.control_hz:g}'
            )
        largest = LARGEST[choose('action space', self.space, ACTION_SPACES)]
        if np.abs(actions).max() > largest:
            raise ConfigError(
                f"a given chunk holds {np.abs(actions).max():.3g}; in units of '{self.space}' no "
                f'action is larger than {largest:g}'
            )
        actions.setflags(write=False)
        object.__setattr__(self, 'actions', actions)

    @property
    def active(self) -> bool:
        """Whether somebody steers."""
        return self.enabled

    @property
    def parts(self) -> frozenset[Part]:
        """What the chunk speaks of; in joint space any joint moves the tool and turns it."""
        return frozenset(part for part, names in _SPOKEN.items() if names & set(self.names))


def chunk_reference(given: GivenChunk, policy: FlowPolicy, observation: Observation) -> Any:
    """The chunk at the policy's rate and horizon; after its end the arm stands still.

    Args:
        given: An active one.
        policy: Its `spec` names the dimensions, its `to_model` encodes.
        observation: What the policy sees; some policies normalise relative to it.

    Returns:
        [1, H, D] in model space, as the policy's array type; GuidanceError if the chunk is of
        another space, names what the policy has not, or begins at joints far from the arm's.
    """
    spec = policy.spec
    if given.space != spec.space:
        raise GuidanceError(
            f"the given chunk is '{given.space}', the policy acts in '{spec.space}'"
        )
    dims = dimensions(spec, *given.names)
    raw = np.tile(_still(spec, observation), (1, spec.horizon, 1))
    raw[0][:, dims] = _resampled(given, raw[0, 0, dims], spec)
    return encoded(raw, policy, observation)


def _still(spec: ActionSpec, observation: Observation) -> np.ndarray:
    """[A] the action of an arm that stands still, its gripper neutral."""
    action = np.zeros(spec.action_dim)
    if GRIPPER in spec.names:
        neutral = GRIPPER_COMMAND[Gripper.POLICY]
        action[spec.indices(GRIPPER)] = gripper_units(neutral, spec.space)
    if spec.space == JOINT_POSITION:
        action[dimensions(spec, *JOINTS)] = arm_joints(observation)
    return action


def _resampled(given: GivenChunk, still: np.ndarray, spec: ActionSpec) -> np.ndarray:
    """[H, d] the given columns at the policy's rate; `still` [d] is what they are at rest."""
    rates = given.control_hz, spec.control_hz, spec.horizon
    arm = [i for i, name in enumerate(given.names) if name != GRIPPER]
    hand = [i for i, name in enumerate(given.names) if name == GRIPPER]
    motion = given.actions[:, arm]
    rows = np.empty((spec.horizon, len(given.names)))
    rows[:, hand] = resampling.held(given.actions[:, hand], *rates)
    if given.space == JOINT_POSITION:
        _refuse_jump(motion[0] - still[arm], [given.names[i] for i in arm])
        rows[:, arm] = resampling.positions(motion, still[arm], *rates)
    elif given.space == JOINT_VELOCITY:
        rows[:, arm] = resampling.velocities(motion, *rates)
    else:
        rows[:, arm] = resampling.steps(motion, *rates)
    return rows


def _refuse_jump(way: np.ndarray, names: list[str]) -> None:
    """GuidanceError if a first position is farther from the arm than a chunk may begin."""
    for name, distance in zip(names, np.abs(way)):
        if distance > FARTHEST:
            raise GuidanceError(
                f'the given chunk begins {distance:.2f} rad from where {name} is; it must begin '
                'where the arm is'
            )
