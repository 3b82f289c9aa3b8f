# SPDX-License-Identifier: Apache-2.0
"""Evaluates steering methods: many episodes over several processes, resumable."""

from __future__ import annotations

import functools
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from frs_ros.evaluation.adjusted import adjusted
from frs_ros.evaluation.conditions import NONE, ORACLE
from frs_ros.evaluation.episode import Environment, EpisodeResult, run_episode
from frs_ros.evaluation.guides import Guide, episode_guide
from frs_ros.evaluation.journal import EpisodeRecord, Journal
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.settings import EvaluationSettings, Job, check_init_states
from frs_ros.files import write_atomically
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.base import Steerer, episode_seed
from frs_ros.workers import WorkerError, run_jobs

__all__ = [
    'Environment',
    'EpisodeResult',
    'EpisodeRunner',
    'World',
    'episode_seed',
    'evaluate',
    'run_episode',
]

ERROR_FILE = 'error.log'
MANY_TASKS = 1000  # more than any suite has


class World(Protocol):
    """Makes everything an evaluation needs in a worker process; picklable, LIBERO or a fake."""

    def policy(self, checkpoint: str) -> FlowPolicy:
        """The frozen policy."""
        ...

    def environment(
        self, settings: EvaluationSettings, task_id: int, policy: FlowPolicy
    ) -> Environment:
        """The simulated task, with the cameras of the policy."""
        ...

    def steerer(self, method: Method) -> Steerer:
        """What plans by this method, with its options."""
        ...

    def guide(self, guidance: str, magnitude: float, near_target: float) -> Guide | None:
        """The source of guidance of this name, 'oracle' or 'none'; None for 'none'.

        Magnitude and distance (m) are `oracle_guidance`'s and `OracleSettings.near_target`.
        """
        ...


class EpisodeRunner:
    """Runs the jobs of one worker: loads a policy and a task whenever they change."""

    def __init__(self, settings: EvaluationSettings, world: World) -> None:
        self._settings = settings
        self._world = world
        self._checkpoint = 0
        self._policy = world.policy(settings.checkpoints[0])
        self._task_id: int | None = None
        self._env: Environment | None = None

    def __call__(self, job: Job) -> EpisodeRecord:
        """Runs one episode; ConfigError if its task has too few init states."""
        settings = self._settings
        method = settings.method(job.method).of_task(job.task_id, settings.target)
        conditions = method.under(settings.conditions)
        self._load(job)
        assert self._env is not None
        seed = episode_seed(settings.seed, settings.suite, job.task_id, job.init_id)
        source = NONE if conditions.guidance == NONE else ORACLE
        guide = self._world.guide(source, method.magnitude, conditions.near_target)
        result = run_episode(
            self._env,
            adjusted(self._policy, replan=conditions.replan, steps=conditions.steps),
            self._world.steerer(method),
            episode_guide(guide, conditions, seed),
            init_id=job.init_id,
            episode_seed=seed,
            instruction='' if conditions.instruction == NONE else None,
        )
        return EpisodeRecord.of(job, result)

    def _load(self, job: Job) -> None:
        """Makes the policy and the environment of a job current.

        Only one of each is kept: they take hundreds of megabytes, and the schedule rarely sends
        a worker back.
        """
        if (job.task_id, job.checkpoint) == (self._task_id, self._checkpoint):
            return
        if job.checkpoint != self._checkpoint:
            self._policy = self._world.policy(self._settings.checkpoints[job.checkpoint])
        if self._env is not None:
            self._env.close()
        self._env = self._world.environment(self._settings, job.task_id, self._policy)
        self._task_id, self._checkpoint = job.task_id, job.checkpoint
        check_init_states(self._settings, self._env.num_init_states)


def evaluate(
    settings: EvaluationSettings, world: World, out: Path, *, workers: int = 1
) -> list[EpisodeRecord]:
    """Runs the episodes that are not yet in `out` and returns all of them in the order of jobs.

    Finished episodes are on disk at once: after Ctrl-C, a crash or a kill, the same call goes on
    where it stopped.

    Args:
        settings: What to evaluate.
        world: Where; see `World`.
        out: Folder of the evaluation.
        workers: Number of processes.

    Raises:
        ConfigError: `out` holds an evaluation with other settings.
        WorkerError: A worker failed; what was finished is kept.
    """
    journal = Journal(out, settings)
    jobs = settings.jobs()
    todo = [job for job in jobs if job not in journal.records]
    factory = functools.partial(EpisodeRunner, settings, world)
    try:
        with closing(run_jobs(factory, todo, workers, _group)) as results:  # type: ignore[type-var]
            _collect(results, journal, len(jobs))
    except KeyboardInterrupt:
        _say(f'interrupted; {_kept(journal, jobs, out)}')
        raise
    except WorkerError as error:
        if error.details:
            write_atomically(Path(out, ERROR_FILE), error.details)
        where = f', traceback in {Path(out, ERROR_FILE)}' if error.details else ''
        raise WorkerError(f'{error}{where}; {_kept(journal, jobs, out)}') from error
    return [journal.records[job] for job in jobs]


def _group(job: Job) -> int:
    """Jobs of the same number share an environment and a policy."""
    return job.checkpoint * MANY_TASKS + job.task_id


def _collect(results: Iterable[EpisodeRecord], journal: Journal, total: int) -> None:
    """Writes the results down as they come, with a progress bar of successes by method."""
    from tqdm import tqdm

    done = list(journal.records.values())
    trials = Counter(record.method for record in done)
    successes = Counter(record.method for record in done if record.success)
    interval = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(total=total, initial=len(done), unit='episode', mininterval=interval) as bar:
        for record in results:
            journal.append(record)
            trials[record.method] += 1
            successes[record.method] += record.success
            counts = ', '.join(f'{name} {successes[name]}/{n}' for name, n in trials.items())
            bar.set_postfix_str(counts, refresh=False)
            bar.update()


def _kept(journal: Journal, jobs: list[Job], out: Path) -> str:
    return (
        f'{len(journal.records)} of {len(jobs)} episodes are kept in {out}, '
        'run the same command again to go on'
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr)
