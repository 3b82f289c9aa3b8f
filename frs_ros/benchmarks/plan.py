# SPDX-License-Identifier: Apache-2.0
"""What a plan costs: time, velocity evaluations and prefix encodings by steering method."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from frs_ros.benchmarks.counting import CountingPolicy
from frs_ros.flow.arrays import finish
from frs_ros.guidance.references.writer import robot_reference
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.memory import forget_peaks
from frs_ros.serving.example import example_observation
from frs_ros.steering.base import plan_rng
from frs_ros.steering.registry import make_steerer
from frs_ros.types import Observation

METHODS = ('base', 'direct', 'partial_noising', 'sample_and_rank', 'frs', 'frs_fixed_point')
BATCH = 16  # candidates of `sample_and_rank`
FORWARD = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='bench')

# Plans of FRS may cost this many plain plans: as many evaluations again for the way back; that the
# prefix is encoded once must pay for everything else.
LIMIT = 2.0

# The same for 16 ranked samples, which share the prefix and one batch.
RANK_LIMIT = 4.0


def observation_of(policy: FlowPolicy, seed: int) -> Observation:
    """An observation of random pixels, as costly as any other."""
    rng = np.random.default_rng(seed)
    images = {
        camera.name: rng.integers(0, 256, (camera.height, camera.width, 3), dtype=np.uint8)
        for camera in policy.cameras
    }
    return replace(example_observation(policy), images=images)


def parts(policy: FlowPolicy, seed: int) -> dict[str, Callable[[], object]]:
    """What is measured, by name: encoding, one evaluation alone and in a batch, each method."""
    observation, spec = observation_of(policy, seed), policy.spec
    with policy.inference():
        context = policy.encode(observation)
        many = context.expand(BATCH)
    noise = plan_rng(seed, 0).standard_normal(
        (BATCH, spec.horizon, spec.model_dim), dtype=np.float32
    )
    x, t = policy.asarray(noise), policy.asarray(np.full(BATCH, 0.5, dtype=np.float32))

    def inside(call: Callable[[], object]) -> Callable[[], object]:
        def measured() -> None:
            with policy.inference():
                call()

        return measured

    return {
        'encode': inside(lambda: policy.encode(observation)),
        'velocity': inside(lambda: policy.velocity(x[:1], t[:1], context)),
        f'velocity_x{BATCH}': inside(lambda: policy.velocity(x, t, many)),
        **{name: planner(policy, name, observation, seed) for name in METHODS},
    }


def planner(
    policy: FlowPolicy, method: str, observation: Observation, seed: int
) -> Callable[[], object]:
    """A function that makes one plan with full guidance forwards."""
    steerer = make_steerer(method, robot_reference(policy.spec, 'fr3'))
    return lambda: steerer.plan(policy, observation, FORWARD, plan_rng(seed, 0))


def measure(
    tasks: Mapping[str, Callable[[], object]],
    trials: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> dict[str, list[float]]:
    """Milliseconds of each task in each round; all tasks once per round, after a warm-up round.

    Interleaving makes a slow moment of the machine hit all tasks alike. Where the velocity step
    is compiled, the warm-up takes minutes.

    Args:
        tasks: What to measure.
        trials: Rounds.
        clock: Seconds.
        progress: Wraps the iteration over rounds, the warm-up included, as a progress bar does.
    """
    forget_peaks()
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in progress(range(1 + trials)):
        for name, task in tasks.items():
            finish()
            start = clock()
            task()
            finish()
            times[name].append(1e3 * (clock() - start))
    return {name: values[1:] for name, values in times.items()}


def counts(policy: FlowPolicy, method: str, seed: int) -> dict[str, int]:
    """Prefix encodings and velocity evaluations of one plan, counted at the policy."""
    counting = CountingPolicy(policy)
    planner(counting, method, observation_of(policy, seed), seed)()
    return {'encodes': counting.encodes, 'velocity_evaluations': counting.evaluations}


def summary(times: Mapping[str, Sequence[float]], policy: FlowPolicy, seed: int) -> dict[str, Any]:
    """Medians, counts, and prices in plain plans (medians over the rounds)."""
    ratio, rank_ratio = (_price(times, name) for name in ('frs', 'sample_and_rank'))
    return {
        'ms_p50': {name: round(float(np.median(values)), 4) for name, values in times.items()},
        'plans': {name: counts(policy, name, seed) for name in METHODS},
        'hardware': hardware(policy),
        'frs_over_base': round(ratio, 4),
        'limit': LIMIT,
        'within_limit': ratio <= LIMIT,
        'rank_over_base': round(rank_ratio, 4),
        'rank_limit': RANK_LIMIT,
        'rank_within_limit': rank_ratio <= RANK_LIMIT,
    }


def hardware(policy: FlowPolicy) -> dict[str, Any]:
    """Where a policy computes; of a GPU, also the most that torch took there since `measure`.

    The memory holds the weights and torch's own reserve; CUDA's context is not counted.
    """
    device = torch.as_tensor(policy.asarray(np.zeros(1, np.float32))).device
    if device.type != 'cuda':
        return {'device': device.type}
    gigabytes = round(torch.cuda.max_memory_reserved(device) / 1e9, 2)
    return {
        'device': torch.cuda.get_device_name(device),
        'cuda': torch.version.cuda,
        'peak_memory_gb': gigabytes,
    }


def _price(times: Mapping[str, Sequence[float]], method: str) -> float:
    """Plans of a method in plain plans, median over the rounds."""
    return float(np.median(np.array(times[method]) / np.array(times['base'])))
