# SPDX-License-Identifier: Apache-2.0
"""One episode in lockstep: observe, plan, execute the first actions of the chunk, repeat."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from frs_ros.evaluation.guides import Guide
from frs_ros.policies.base import FlowPolicy
from frs_ros.sim.outcome import OutcomeMonitor
from frs_ros.steering.base import Steerer, plan_rng
from frs_ros.types import Observation, Plan, PrivilegedScene


class Environment(Protocol):
    """The part of a simulated task that an episode needs; `sim.libero.LiberoEnv` is one.

    Attributes:
        max_steps: Step limit of an episode, settling not counted.
        num_init_states: Init states are numbered 0 to num_init_states - 1.
    """

    max_steps: int
    num_init_states: int

    def reset(self, init_id: int) -> object:
        """Puts the world into an init state and lets it settle."""
        ...

    def observe(self) -> Observation:
        """What the policy sees now."""
        ...

    def scene(self) -> PrivilegedScene:
        """What only the simulator knows, now."""
        ...

    def step(self, action: np.ndarray) -> bool:
        """Executes one action [A]; True once the task is solved."""
        ...

    def close(self) -> None:
        """Frees the simulator."""
        ...


@dataclass(frozen=True)
class EpisodeResult:
    """What happened in one episode.

    Attributes:
        success: The stock success predicate held before the step limit.
        steps: Control steps executed.
        outcome: 'success' or the class of the failure.
        first_lifted: Object that was lifted first, the mode the policy chose; None if none was.
        plans: The plans in order; their chunks are what the graph must reproduce.
        plan_ms: Wall time of each plan in milliseconds, encoding included.
        steered: For each plan, whether an active guidance went into it.
    """

    success: bool
    steps: int
    outcome: str
    first_lifted: str | None
    plans: tuple[Plan, ...]
    plan_ms: tuple[float, ...]
    steered: tuple[bool, ...]

    @property
    def chunks(self) -> np.ndarray:
        """[P, H, A] the chunks of all plans, in units."""
        return np.stack([plan.chunk for plan in self.plans])

    @property
    def nfe(self) -> int:
        """Velocity evaluations of all plans."""
        return sum(plan.nfe for plan in self.plans)

    @property
    def steered_share(self) -> float:
        """Share of plans made under an active guidance."""
        return float(np.mean(self.steered))

    def mean_diagnostic(self, name: str) -> float | None:
        """Mean of a diagnostic over the plans that measured it; None if none did."""
        values = [plan.diagnostics[name] for plan in self.plans if name in plan.diagnostics]
        finite = [value for value in values if np.isfinite(value)]
        return float(np.mean(finite)) if finite else None


def run_episode(
    env: Environment,
    policy: FlowPolicy,
    steerer: Steerer,
    guide: Guide | None,
    *,
    init_id: int,
    episode_seed: int,
    instruction: str | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> EpisodeResult:
    """Runs one episode from an init state until success or the step limit.

    The random draws of plan i come from `plan_rng(episode_seed, i)` and the world waits for every
    plan, so the result depends on the arguments only, as in the ROS graph in lockstep.

    Args:
        env: The simulated task.
        policy: The frozen policy.
        steerer: The steering method.
        guide: Makes the guidance of a plan from the scene; None for no guidance at all.
        init_id: Init state.
        episode_seed: See `steering.base.episode_seed`.
        instruction: Replaces the task's words; None keeps them, '' withholds them.
        clock: Seconds, for the plan times only.
    """
    env.reset(init_id)
    monitor = OutcomeMonitor(env.scene())
    plans: list[Plan] = []
    plan_ms: list[float] = []
    steered: list[bool] = []
    steps, success = 0, False
    while not success and steps < env.max_steps:
        observation = env.observe()
        if instruction is not None:
            observation = replace(observation, instruction=instruction)
        guidance = guide(env.scene()) if guide else None
        rng = plan_rng(episode_seed, len(plans))
        start = clock()
        plan = steerer.plan(policy, observation, guidance, rng)
        plan_ms.append(1e3 * (clock() - start))
        plans.append(plan)
        steered.append(guidance is not None and guidance.active)
        budget = min(policy.spec.execute_steps, env.max_steps - steps)
        executed, success = _execute(env, monitor, plan.chunk[:budget])
        steps += executed
    return EpisodeResult(
        success,
        steps,
        monitor.classify(success),
        monitor.first_lifted,
        tuple(plans),
        tuple(plan_ms),
        tuple(steered),
    )


def _execute(env: Environment, monitor: OutcomeMonitor, actions: np.ndarray) -> tuple[int, bool]:
    """Executes actions [n, A] until the task is solved; how many it took, and whether it is."""
    for count, action in enumerate(actions, start=1):
        success = env.step(action)
        monitor.update(env.scene())
        if success:
            return count, True
    return len(actions), False
