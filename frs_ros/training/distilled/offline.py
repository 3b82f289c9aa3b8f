# SPDX-License-Identifier: Apache-2.0
"""Offline DSBC (arXiv 2606.13675, section 4.3): demonstrations become noise labels.

Every chunk of a demonstration is taken back to the noise that the generalist's own sampler turns
into it. No robot moves; whether the labels solve the task has not been seen. What the generalist
would have done by itself counts as left to it, as where an operator lets go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.datasets.distillation import (
    DistillationDataset,
    DistillationEpisode,
    DistillationInfo,
    Source,
)
from frs_ros.errors import ConfigError, DataError
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.chunk import GivenChunk
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.policies.identity import policy_info
from frs_ros.policies.noise.inputs import image_of
from frs_ros.steering.base import plan_rng
from frs_ros.steering.methods.frs_tuned import TunedReversalSteering
from frs_ros.steering.registry import exact_inverter
from frs_ros.training.distilled.by_itself import distance_to_nearly_all
from frs_ros.types import Observation, Plan

METHOD = 'demonstration'
ROUND_TRIP = 'round-trip error above the limit'
BEYOND = 'actions that the policy cannot be asked for'
# The exact inverse of the sampler, solved further than steering needs: here the noise is the goal.
# What is in-painted is the padding, of policies that have some.
LABELLER = TunedReversalSteering(
    name='frs_fixed_point',
    invert=exact_inverter(tolerance=1e-3, max_iterations=32, limit=0.05),
    inpaint=True,
)


@dataclass(frozen=True)
class Demonstrated:
    """One demonstration of T steps with images of N of them, whatever file it came from.

    Attributes:
        id: Names it in messages.
        instruction: Task in words.
        state: [T, S] `Observation.state` before each action.
        actions: [T, A] in the units of the policy's action space.
        frames: [N] steps that have images, increasing.
        images: Camera -> [N, h, w, 3] uint8 RGB.
        gripper_command: [T] last command before each action, -1 open .. +1 closed.
    """

    id: str
    instruction: str
    state: np.ndarray
    actions: np.ndarray
    frames: np.ndarray
    images: Mapping[str, np.ndarray]
    gripper_command: np.ndarray


@dataclass(frozen=True)
class Labelling:
    """How demonstrations are labelled.

    Attributes:
        every: Steps between two chunks, at least; 0 for the policy's `execute_steps`.
        max_error: Largest RMS round-trip error of a label, in model space, where 1 is full
            command.
        alone: Chunks to which nearly all of the policy's own plans come this near are left to it,
            see `by_itself`; 0 for none.
        image_size: Of the dataset's images.
        seed: Of the padding's noise.
    """

    every: int = 0
    max_error: float = 0.05
    alone: float = 0.4
    image_size: int = 84
    seed: int = 0

    def __post_init__(self) -> None:
        if self.every < 0 or self.seed < 0:
            raise ConfigError('--every and --seed must not be negative')
        if not self.alone >= 0:
            raise ConfigError(f'--alone must not be negative, not {self.alone}')
        if not self.max_error > 0:
            raise ConfigError(f'--max-error must be positive, not {self.max_error}')


@dataclass(frozen=True)
class Label:
    """The noise of one chunk.

    Attributes:
        noise: [H, D] float32.
        reference: [H, A] the chunk that was asked for, in units.
        error: RMS over the action dimensions between the reference and what the noise becomes,
            in model space.
        wanted: [H, A] as `reference`, in model space.
    """

    noise: np.ndarray
    reference: np.ndarray
    error: float
    wanted: np.ndarray


@dataclass(frozen=True)
class Labelled:
    """Demonstrations with the noise that they come from.

    Attributes:
        dataset: For `distil`.
        contexts: Of all its chunks in order: the observation as the policy has encoded it.
        actions: Episode -> [N, H, A] demonstrated chunks in model space.
    """

    dataset: DistillationDataset
    contexts: tuple[Context, ...]
    actions: Mapping[str, np.ndarray]


def label(
    policy: FlowPolicy, observation: Observation, actions: np.ndarray, rng: np.random.Generator
) -> Label:
    """Noise for a chunk that begins with `actions` [n, A]; afterwards the arm stands still.

    The chunk goes through steering itself, as guidance about all action dimensions: the gripper's
    command is the demonstrator's, the padding is the policy's.

    Raises:
        ConfigError: The policy cannot be asked for these actions.
    """
    spec = policy.spec
    guidance = GivenChunk(actions[: spec.horizon], spec.names, spec.space, spec.control_hz)
    plan: Plan = LABELLER.plan(policy, observation, guidance, rng)
    wanted = to_numpy(reference_chunk(guidance, policy, observation))
    became = to_numpy(policy.to_model(plan.chunk[None], observation))
    difference = (became - wanted)[..., : spec.action_dim]
    reference = policy.from_model(policy.asarray(wanted), observation)[0]
    error = float(np.sqrt(np.mean(difference**2)))
    return Label(plan.noise, reference, error, wanted[0, :, : spec.action_dim])


def label_demonstrations(
    policy: FlowPolicy,
    demonstrations: Iterable[Demonstrated],
    settings: Labelling,
    sources: Iterable[Source] = (),
) -> Labelled:
    """Labels all demonstrations; what is left out is counted in the dataset's description.

    Raises:
        DataError: A demonstration does not fit the policy, or no label is left.
    """
    episodes: list[DistillationEpisode] = []
    contexts: list[Context] = []
    actions: dict[str, np.ndarray] = {}
    dropped: Counter[str] = Counter()
    for number, demonstration in enumerate(demonstrations):
        _check(demonstration, policy)
        kept = list(_labels(policy, demonstration, settings, number, dropped))
        if not kept:
            continue
        name = demonstration.id
        if name in actions:  # of two datasets
            name = f'{name}#{number}'
        episodes.append(_episode(policy, demonstration, settings, name, kept))
        contexts += [one.context for one in kept]
        actions[name] = np.stack([one.label.wanted for one in kept]).astype(np.float32)
    if not episodes:
        counted = ', '.join(f'{count} {reason}' for reason, count in dropped.items())
        raise DataError(f'no demonstration gave a label ({counted or "there are none"})')
    info = DistillationInfo(
        policy=policy_info(policy),
        cameras=tuple(camera.name for camera in policy.cameras),
        image_size=settings.image_size,
        state_dim=episodes[0].state.shape[1],
        sources=tuple(sources),
        dropped=dict(dropped),
    )
    return Labelled(DistillationDataset(info, tuple(episodes)), tuple(contexts), actions)


def chosen_frames(frames: np.ndarray, every: int) -> np.ndarray:
    """[n] positions in `frames` [N] whose steps are at least `every` apart, from the first."""
    chosen: list[int] = []
    for position, step in enumerate(frames):
        if not chosen or step - frames[chosen[-1]] >= every:
            chosen.append(position)
    return np.array(chosen, dtype=np.int64)


def _check(demonstration: Demonstrated, policy: FlowPolicy) -> None:
    name, spec = demonstration.id, policy.spec
    width = demonstration.actions.shape[1]
    if width != spec.action_dim:
        raise DataError(f'{name} has {width} numbers per action, the policy {spec.action_dim}')
    for camera in policy.cameras:
        if camera.name not in demonstration.images:
            has = ', '.join(demonstration.images)
            raise DataError(f"{name} has no images of camera '{camera.name}', only of {has}")


@dataclass(frozen=True)
class _Kept:
    """A label that is used, and where."""

    position: int
    label: Label
    context: Context
    followed: bool


def _labels(
    policy: FlowPolicy,
    demonstration: Demonstrated,
    settings: Labelling,
    number: int,
    dropped: Counter[str],
) -> Iterator[_Kept]:
    """The labels of one demonstration; counts what is left out."""
    every = settings.every or policy.spec.execute_steps
    for position in chosen_frames(demonstration.frames, every):
        step = int(demonstration.frames[position])
        rng = plan_rng(settings.seed + number, step)
        seen = _observation(demonstration, int(position), step)
        try:
            made = label(policy, seen, demonstration.actions[step:], rng)
        except ConfigError:
            dropped[BEYOND] += 1
            continue
        if not made.error <= settings.max_error or not np.isfinite(made.noise).all():
            dropped[ROUND_TRIP] += 1
            continue
        with policy.inference():
            context = policy.encode(seen)
        away = distance_to_nearly_all(policy, context, made.wanted, rng)
        yield _Kept(int(position), made, context, away > settings.alone)


def _episode(
    policy: FlowPolicy,
    demonstration: Demonstrated,
    settings: Labelling,
    name: str,
    kept: Sequence[_Kept],
) -> DistillationEpisode:
    every = settings.every or policy.spec.execute_steps
    positions = [one.position for one in kept]
    steps = demonstration.frames[positions]
    rate = policy.spec.control_hz
    return DistillationEpisode(
        id=name,
        instruction=demonstration.instruction,
        outcome='success',
        seed=settings.seed,
        source=METHOD,
        images=_small(demonstration, positions, policy, settings.image_size),
        state=np.asarray(demonstration.state[steps], np.float64),
        noise=np.stack([one.label.noise for one in kept]),
        actions=np.stack([one.label.reference for one in kept]),
        executed=np.full(len(kept), min(every, policy.spec.horizon), np.int64),
        stamp_ns=np.round(steps * 1e9 / rate).astype(np.int64),
        method=np.full(len(kept), METHOD),
        steered=np.array([one.followed for one in kept]),
    )


def _observation(demonstration: Demonstrated, position: int, step: int) -> Observation:
    return Observation(
        images={camera: images[position] for camera, images in demonstration.images.items()},
        state=np.asarray(demonstration.state[step], np.float64),
        instruction=demonstration.instruction,
        gripper_command=float(demonstration.gripper_command[step]),
    )


def _small(
    demonstration: Demonstrated, positions: list[int], policy: FlowPolicy, size: int
) -> dict[str, np.ndarray]:
    """Camera -> [n, size, size, 3] images at these positions."""
    made: dict[str, np.ndarray] = {}
    for camera in (camera.name for camera in policy.cameras):
        images = demonstration.images[camera]
        shown = (Observation({camera: images[p]}, np.zeros(0)) for p in positions)
        made[camera] = np.stack([image_of(one, camera, size) for one in shown])
    return made
