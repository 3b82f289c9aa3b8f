# SPDX-License-Identifier: Apache-2.0
"""Trials of the scripted expert: which tasks it solves from which init states, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError, DataError
from frs_ros.sim import outcome
from frs_ros.sim.expert import TaskExpert
from frs_ros.sim.libero import LiberoEnv
from frs_ros.workers import run_jobs

NO_SKILL = 'no skill'


@dataclass(frozen=True)
class Trial:
    """One episode to run."""

    task_id: int
    init_id: int


@dataclass(frozen=True)
class Result:
    """What became of a trial.

    Attributes:
        task_id: Of the suite.
        init_id: Init state.
        instruction: The task in words.
        steps: Control steps executed.
        outcome: See `sim.outcome`; or `NO_SKILL`.
        goal: What was worked at in the end, in LIBERO's words.
        reason: Why the expert gave up, '' if it did not say.
    """

    task_id: int
    init_id: int
    instruction: str
    steps: int
    outcome: str
    goal: str
    reason: str = ''


def run_trial(env: LiberoEnv, init_id: int) -> Result:
    """Lets the expert work from an init state until success or the step limit."""
    env.reset(init_id)
    monitor = outcome.OutcomeMonitor(env.scene())
    steps, success, reason = 0, False, ''
    try:
        for action in TaskExpert(env).actions():
            success = env.step(action)
            monitor.update(env.scene())
            steps += 1
            if success or steps == env.max_steps:
                break
        label = monitor.classify(success)
    except DataError as error:
        label, reason = NO_SKILL, str(error)
    goal = ' '.join(env.goal)
    return Result(env.task_id, init_id, env.instruction, steps, label, goal, reason)


class Trier:
    """Runs trials in one worker process; the simulation is built anew when the task changes."""

    def __init__(self, suite: str, assets: str) -> None:
        self._suite, self._assets = suite, assets
        self._env: LiberoEnv | None = None

    def __call__(self, trial: Trial) -> Result:
        """Runs one trial."""
        if self._env is None or self._env.task_id != trial.task_id:
            if self._env is not None:
                self._env.close()
            self._env = LiberoEnv(self._suite, trial.task_id, cameras=(), assets=self._assets)
        if trial.init_id >= self._env.num_init_states:
            raise ConfigError(f'task {trial.task_id} has {self._env.num_init_states} init states')
        return run_trial(self._env, trial.init_id)


def run_trials(
    suite: str, assets: str, tasks: Sequence[int], init_ids: Sequence[int], workers: int
) -> Iterator[Result]:
    """Results as they come, from several processes."""
    import functools

    trials = [Trial(task, init) for task in tasks for init in init_ids]
    factory = functools.partial(Trier, suite, assets)
    return run_jobs(factory, trials, workers, _task)


def summarise(results: Sequence[Result]) -> list[dict[str, Any]]:
    """One row per task: successes, trials, mean steps of the successes, why the others failed."""
    rows = []
    for task_id in sorted({r.task_id for r in results}):
        mine = sorted((r for r in results if r.task_id == task_id), key=lambda r: r.init_id)
        solved = [r.steps for r in mine if r.outcome == outcome.SUCCESS]
        rows.append(
            {
                'task_id': task_id,
                'instruction': mine[0].instruction,
                'successes': len(solved),
                'trials': len(mine),
                'steps_mean': round(float(np.mean(solved)), 1) if solved else None,
                'failures': [
                    {'init': r.init_id, 'outcome': r.outcome, 'at': r.goal, 'reason': r.reason}
                    for r in mine
                    if r.outcome != outcome.SUCCESS
                ],
            }
        )
    return rows


def _task(trial: Trial) -> int:
    return trial.task_id
