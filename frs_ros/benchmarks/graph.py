# SPDX-License-Identifier: Apache-2.0
"""The same episodes in process and through a ROS graph: equal chunks, and at what speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.bags.episodes.tape import Tape
from frs_ros.evaluation.episode import Environment, run_episode
from frs_ros.evaluation.guides import Guide
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.base import Steerer
from frs_ros.types import Observation

TOLERANCE = 1e-5  # largest difference of chunks, units
MIN_RATIO = 0.9  # of env steps per second, graph over in process


@dataclass(frozen=True)
class Episode:
    """An episode, wherever it ran.

    Attributes:
        chunks: The plans' chunks [H, A] by request id.
        steps: Control steps executed.
        seconds: From the first observation to the end.
    """

    chunks: Mapping[int, np.ndarray]
    steps: int
    seconds: float


class _FirstLook:
    """An environment that notes when it is first looked at."""

    def __init__(self, env: Environment, clock: Callable[[], float]) -> None:
        self._env, self._clock = env, clock
        self.at: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def observe(self) -> Observation:
        self.at = self._clock() if self.at is None else self.at
        return self._env.observe()


def in_process(
    env: Environment,
    policy: FlowPolicy,
    steerer: Steerer,
    guide: Guide | None,
    *,
    init_id: int,
    episode_seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Episode:
    """Runs an episode with the evaluator's own loop; see `evaluation.episode.run_episode`."""
    world = _FirstLook(env, clock)
    result = run_episode(world, policy, steerer, guide, init_id=init_id, episode_seed=episode_seed)
    seconds = clock() - (world.at or 0.0)
    return Episode(dict(enumerate(result.chunks)), result.steps, seconds)


def from_tape(tape: Tape) -> Episode:
    """An episode that ran in a graph."""
    chunks = {plan.chunk.request_id: plan.chunk.actions for plan in tape.plans}
    return Episode(chunks, tape.end.steps, tape.duration)


def difference(here: Episode, there: Episode) -> tuple[float, int, int]:
    """Largest difference of chunks, number of plans compared, number that only one side has."""
    both = here.chunks.keys() & there.chunks.keys()
    largest = max(
        (float(np.max(np.abs(here.chunks[i] - there.chunks[i]))) for i in both), default=0.0
    )
    return largest, len(both), len(here.chunks.keys() ^ there.chunks.keys())


def steps_per_second(episodes: Sequence[Episode]) -> float:
    """Control steps per second over episodes that ran one after the other."""
    return sum(e.steps for e in episodes) / sum(e.seconds for e in episodes)


def summary(
    rounds: Sequence[tuple[Sequence[Episode], Sequence[Episode]]], tapes: Sequence[Tape]
) -> dict[str, Any]:
    """Numbers of all rounds.

    Args:
        rounds: For each round, the episodes in process and in the graph, in the same order.
        tapes: All episodes of the graph.
    """
    compared = [difference(a, b) for here, there in rounds for a, b in zip(here, there)]
    here = [steps_per_second(a) for a, _ in rounds]
    there = [steps_per_second(b) for _, b in rounds]
    reports = [plan.report for tape in tapes for plan in tape.plans if plan.report]
    largest = max(item[0] for item in compared)
    missing = sum(item[2] for item in compared)
    ratio = float(np.median(np.array(there) / np.array(here)))
    return {
        'chunk_difference_max': largest,
        'tolerance': TOLERANCE,
        'plans_compared': sum(item[1] for item in compared),
        'plans_missing': missing,
        'chunks_equal': largest <= TOLERANCE and missing == 0,
        'steps_per_second': {'in_process': _median(here), 'graph': _median(there)},
        'ratio': round(ratio, 4),
        'ratio_by_round': [round(b / a, 4) for a, b in zip(here, there)],
        'ratio_target': MIN_RATIO,
        'ratio_reached': ratio >= MIN_RATIO,
        'plan_latency_ms': _percentiles([r.latency for r in reports]),
        'plan_time_ms': _percentiles([r.plan_time for r in reports]),
        'rounds': len(rounds),
    }


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 3)


def _percentiles(seconds: Sequence[float]) -> dict[str, float | None]:
    """p50 and p99 in milliseconds."""
    return {
        f'p{p}': round(1e3 * float(np.percentile(seconds, p)), 3) if seconds else None
        for p in (50, 99)
    }
