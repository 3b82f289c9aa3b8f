# SPDX-License-Identifier: Apache-2.0
"""Values that travel through the whole package. Shapes, units and frames are defined here only.

Conventions: SI units and radians; right-handed frames, `base` is the robot's base axes (x forward,
y left, z up); flow time t=0 is noise and t=1 is action (arXiv 2606.13675), see `flow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

AGENTVIEW = 'agentview'
WRIST = 'wrist'

# What the numbers of an action mean; an executor refuses chunks of a space it was not set up for.
# x y z (1 = 0.05 m), roll pitch yaw as axis-angle (1 = 0.5 rad), base axes; gripper -1 open .. +1
# closed: robosuite's OSC_POSE, as in LIBERO.
CARTESIAN_DELTA = 'cartesian_delta'
# joint_1 .. joint_7 (1 = 0.2 rad ahead of the measured position), gripper 0 open .. 1 closed: what
# DROID and openpi's pi0.5-DROID call joint velocity.
JOINT_DELTA = 'joint_delta'
# joint_1 .. joint_7 as absolute positions, rad; gripper 0 open .. 1 closed.
JOINT_POSITION = 'joint_position'
# joint_1 .. joint_7, rad/s; gripper 0 open .. 1 closed.
JOINT_VELOCITY = 'joint_velocity'
ACTION_SPACES = (CARTESIAN_DELTA, JOINT_DELTA, JOINT_POSITION, JOINT_VELOCITY)


@dataclass(frozen=True)
class CameraSpec:
    """One camera a policy looks through.

    Attributes:
        name: Camera name, `AGENTVIEW` or `WRIST` in LIBERO.
        height: Image height the policy was trained with, in pixels.
        width: Image width, in pixels.
    """

    name: str
    height: int
    width: int


@dataclass(frozen=True)
class ActionSpec:
    """What a policy's chunks mean.

    Attributes:
        horizon: H, actions per chunk.
        action_dim: A, numbers per action, in units.
        model_dim: D >= A, width of the padded model space in which the field lives.
        control_hz: Rate at which the actions of a chunk are executed.
        names: A names; x, y, z (translation of the gripper along the base axes), roll, pitch, yaw
            and gripper in Cartesian space; joint_1 .. joint_7 and gripper in joint spaces.
        units: A units, '1' for normalised commands.
        steps: K, Euler steps of the policy's native sampler.
        execute_steps: How many actions of a chunk are executed before the next plan.
        space: One of `ACTION_SPACES`.
    """

    horizon: int
    action_dim: int
    model_dim: int
    control_hz: float
    names: tuple[str, ...]
    units: tuple[str, ...]
    steps: int
    execute_steps: int
    space: str = CARTESIAN_DELTA

    def __post_init__(self) -> None:
        if self.space not in ACTION_SPACES:
            raise ValueError(f"ActionSpec: unknown action space '{self.space}'")
        if not (len(self.names) == len(self.units) == self.action_dim <= self.model_dim):
            raise ValueError('ActionSpec: names, units, action_dim and model_dim disagree')
        if not 1 <= self.execute_steps <= self.horizon:
            raise ValueError('ActionSpec: execute_steps must be within the horizon')

    def indices(self, *names: str) -> list[int]:
        """Positions of the named action dimensions; ValueError if one does not exist."""
        return [self.names.index(n) for n in names]


@dataclass(frozen=True)
class Observation:
    """What a policy sees at one instant.

    Attributes:
        images: Camera name -> [h, w, 3] uint8 RGB, upright as openpi's clients feed them.
        state: [S] float64 proprioception. In LIBERO S=8: gripper position in the world (3, m), its
            orientation as axis-angle (3, rad), finger joint positions (2, m), as openpi's client.
            Policies in joint space get S=8: joint positions (7, rad), gripper (1, 0 open .. 1
            closed), as openpi's DROID client.
        instruction: Task in words, '' when none is given.
        gripper_command: Last command sent to the gripper, -1 open .. +1 closed.
        stamp_ns: Acquisition time in nanoseconds, of whatever clock the caller lives on.
    """

    images: Mapping[str, np.ndarray]
    state: np.ndarray
    instruction: str = ''
    gripper_command: float = -1.0
    stamp_ns: int = 0


@dataclass(frozen=True)
class Plan:
    """A chunk ready to execute and how it came about.

    Attributes:
        chunk: [H, A] float64 actions in the units of the policy's `ActionSpec`.
        noise: [H, D] float32 noise in model space that denoises to the chunk; NaN for methods
            that do not denoise or do not start from noise.
        method: Name of the steering method.
        nfe: Velocity evaluations spent; a batch of n counts n.
        diagnostics: Named numbers: `chi_percentile` of the noise, `round_trip_rms` and `cosine`
            against the reference (translation or all joints, model space), and more where a
            method measures it (docs/methods.md); a missing key was not measured.
    """

    chunk: np.ndarray
    noise: np.ndarray
    method: str
    nfe: int
    diagnostics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ObjectPose:
    """Privileged pose of one simulated object.

    Attributes:
        position: [3] m, world frame, of the body origin.
        extent: [3] m, size of the collision geometry's world-aligned bounding box.
        rest_height: z of the origin when the episode began, m.
    """

    position: np.ndarray
    extent: np.ndarray
    rest_height: float


@dataclass(frozen=True)
class PrivilegedScene:
    """What only the simulator knows: the input of oracle guidance and of outcome classes.

    Attributes:
        gripper: [3] position of the grasp site, m, world frame.
        objects: Object name (as in the task file, such as `milk_1`) -> pose.
        target: Name of the object to fetch.
        destination: Name of the object, or of the region of furniture, to bring it to.
        stamp_ns: Same clock and value as the observation taken at this instant.
        reach: [3] m, world frame: where to grasp a target that is not grasped at its middle, such
            as a bowl at its rim; None for others.
        carry_height: Height in m that the gripper needs to carry the target onto furniture, a
            plate or a bowl; NaN if any will do.
        release_height: Height of the target's origin in m at which to let go above what is no
            container; NaN for containers.
    """

    gripper: np.ndarray
    objects: Mapping[str, ObjectPose]
    target: str
    destination: str
    stamp_ns: int = 0
    reach: np.ndarray | None = None
    carry_height: float = float('nan')
    release_height: float = float('nan')
