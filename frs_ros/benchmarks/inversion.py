# SPDX-License-Identifier: Apache-2.0
"""How well inverse solvers undo a policy's own samples, by what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from frs_ros.flow.arrays import embedded, to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.inpainting import inpainted
from frs_ros.flow.invert import invert
from frs_ros.flow.mixture import GaussianMixture
from frs_ros.flow.sample import Velocity, trajectory
from frs_ros.guidance.references.direction import GRIPPER
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.diagnostics import chi_percentile
from frs_ros.steering.kernel import field_of
from frs_ros.types import Observation

# What becomes of the dimensions that are the policy's: their noise is kept as it was found, drawn
# afresh, or drawn afresh before the others are reversed beside the path it makes.
KEPT, REDRAWN, INPAINTED = GRIPPERS = 'kept', 'redrawn', 'inpainted'

# What is asked of an exact inverse: at most this share of the paper's error at equal cost.
GOAL = 0.6


@dataclass(frozen=True)
class Setting:
    """A solver as it is run.

    Attributes:
        solver: Name in `flow.invert.SOLVERS`.
        steps: Of the inverse's own uniform grid; None for that of the sampler.
        options: Of the solver.
    """

    solver: str
    steps: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Samples:
    """A policy's own samples, of which the noise is known.

    Attributes:
        velocity: The field.
        noise: [B, H, D] what they were drawn from.
        fresh: [B, H, D] noise to re-draw from.
        steps: Of the native sampler.
        motion: Dimensions whose action error counts; the others are the policy's.
    """

    velocity: Velocity
    noise: Any
    fresh: Any
    steps: int
    motion: Sequence[int]

    @cached_property
    def actions(self) -> Any:
        """[B, H, D] what the native sampler makes of the noise."""
        return trajectory(self.velocity, self.noise, uniform(self.steps))[-1]

    @cached_property
    def moving(self) -> np.ndarray:
        """[D] bool, the dimensions of the motion."""
        mask: np.ndarray = np.isin(np.arange(self.noise.shape[-1]), list(self.motion))
        return mask


def settings() -> list[Setting]:
    """Each solver at the costs that it can be had for, in evaluations 10 to 50 of 10 steps."""
    fixed = [
        Setting('fixed_point', None, {'max_iterations': m, 'tolerance': 1e-7})
        for m in (2, 3, 4, 5)
    ]
    return [
        *(Setting('euler', n) for n in (10, 20, 30, 40, 50)),
        Setting('aligned_euler'),
        *(Setting('midpoint', n) for n in (5, 10, 20)),
        *(Setting('fireflow', n) for n in (9, 19, 39)),
        *fixed,
    ]


@dataclass(frozen=True)
class Found:
    """What a solver made of some samples' actions.

    Attributes:
        noise: [B, H, D], or of the motion alone if the rest was in-painted.
        nfe: For one sample, in-painting's plain plan included.
    """

    noise: Any
    nfe: int


def reverse(samples: Samples, setting: Setting, inpaint: bool) -> Found:
    """Runs one solver on the samples' actions."""
    native = uniform(samples.steps)
    times = native if setting.steps is None else uniform(setting.steps)
    velocity, wanted, cost = samples.velocity, samples.actions, 0
    if inpaint:
        # The policy's own plan has nothing to do with the action that is to be reversed.
        own = trajectory(velocity, samples.fresh, native)
        velocity, cost = inpainted(velocity, own, native, samples.moving), samples.steps
        wanted = wanted[..., samples.moving]
    found = invert(velocity, wanted, times, setting.solver, **setting.options)
    return Found(found.noise, found.nfe + cost)


def measure(samples: Samples, found: Found, gripper: str) -> dict[str, Any]:
    """How good the noise is once the gripper's is what `gripper` says.

    Returns:
        `nfe` for one sample; and per sample [B] the RMS errors of the motion and of all actions,
        that of the noise (of the motion, where the gripper's was drawn anew) and the chi
        percentile of the noise used.
    """
    noise, moving = found.noise, samples.moving
    if gripper == INPAINTED:
        noise = embedded(noise, samples.fresh, moving)
    elif gripper == REDRAWN:
        noise = embedded(noise[..., moving], samples.fresh, moving)
    made = trajectory(samples.velocity, noise, uniform(samples.steps))[-1]
    back = to_numpy(made) - to_numpy(samples.actions)
    label = to_numpy(noise) - to_numpy(samples.noise)
    counted = slice(None) if gripper == KEPT else moving
    return {
        'nfe': found.nfe,
        'motion_error': _rms(back[..., moving]),
        'action_error': _rms(back),
        'noise_error': _rms(label[..., counted]),
        'chi_percentile': np.array([chi_percentile(z) for z in to_numpy(noise)]),
    }


def rows(batches: Iterable[Samples], grippers: Sequence[str]) -> list[dict[str, Any]]:
    """One row per solver setting and treatment of the gripper, over all batches.

    Errors are root mean squares over all samples; `motion_error_median` tells whether a few
    samples make them.
    """
    collected: dict[tuple[int, str], list[dict[str, Any]]] = {}
    solvers = settings()
    for samples in batches:
        for index, setting in enumerate(solvers):
            plain = reverse(samples, setting, inpaint=False)
            for gripper in _applicable(setting, grippers):
                found = reverse(samples, setting, True) if gripper == INPAINTED else plain
                result = measure(samples, found, gripper)
                collected.setdefault((index, gripper), []).append(result)
    return [
        {'solver': solvers[i].solver, 'gripper': gripper, **_pooled(trials)}
        for (i, gripper), trials in collected.items()
    ]


def at_equal_cost(table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The exact inverse against the paper's Euler, which keeps the gripper's noise, by cost."""
    paper = {
        row['nfe']: row for row in table if row['solver'] == 'euler' and row['gripper'] == KEPT
    }
    return [
        {
            'gripper': row['gripper'],
            'nfe': row['nfe'],
            'ratio': round(row['motion_error'] / paper[row['nfe']]['motion_error'], 4),
            'within_goal': row['motion_error'] <= GOAL * paper[row['nfe']]['motion_error'],
        }
        for row in table
        if row['solver'] == 'fixed_point' and row['nfe'] in paper
    ]


def mixture_samples(seed: int, batch: int = 64) -> Samples:
    """Samples of a field that is known exactly: four modes of chunks [10, 7], no gripper."""
    rng = np.random.default_rng(seed)
    means = np.zeros((4, 10, 7))
    means[:, :, :2] = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])[:, None]
    policy = GaussianMixture(means, np.full(4, 0.35), np.ones(4))
    noise, fresh = rng.standard_normal((2, batch, 10, 7))
    return Samples(policy.velocity, noise, fresh, 10, range(7))


def policy_samples(
    policy: FlowPolicy, observations: Iterable[Observation], batch: int, seed: int
) -> Iterator[Samples]:
    """Samples of a policy in each observation; the gripper is what is not motion."""
    spec, rng = policy.spec, np.random.default_rng(seed)
    motion = [i for i, name in enumerate(spec.names) if name != GRIPPER]
    for observation in observations:
        shape = (2, batch, spec.horizon, spec.model_dim)
        noise, fresh = rng.standard_normal(shape, dtype=np.float32)
        with policy.inference():
            velocity = field_of(policy, policy.encode(observation).expand(batch))
        yield Samples(velocity, policy.asarray(noise), policy.asarray(fresh), spec.steps, motion)


def _applicable(setting: Setting, grippers: Sequence[str]) -> list[str]:
    """In-painting only with the solvers that keep to the times of the known path."""
    keeps = setting.solver in ('aligned_euler', 'fixed_point')
    return [gripper for gripper in grippers if gripper != INPAINTED or keeps]


def _pooled(trials: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = trials[0].keys() - {'nfe'}
    pooled = {name: np.concatenate([trial[name] for trial in trials]) for name in names}
    errors = {
        key: round(float(np.sqrt(np.mean(pooled[key] ** 2))), 6)
        for key in ('motion_error', 'action_error', 'noise_error')
    }
    return {
        'nfe': int(np.max([trial['nfe'] for trial in trials])),
        **errors,
        'motion_error_median': round(float(np.median(pooled['motion_error'])), 6),
        'chi_percentile_median': round(float(np.median(pooled['chi_percentile'])), 6),
        'samples': len(pooled['motion_error']),
    }


def _rms(difference: np.ndarray) -> np.ndarray:
    """[B] of [B, H, D]."""
    values: np.ndarray = np.sqrt(np.mean(difference**2, axis=(1, 2)))
    return values
