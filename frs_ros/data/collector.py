# SPDX-License-Identifier: Apache-2.0
"""Collects a dataset of demonstrations in several processes; goes on where it was stopped."""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.data import demonstrations
from frs_ros.data.collection import CollectionSettings, choose_frames, record_episode, render
from frs_ros.errors import DataError
from frs_ros.learning.workers import run_jobs
from frs_ros.sim.cache import write_atomically
from frs_ros.sim.libero import LiberoEnv
from frs_ros.types import CameraSpec

FAILURES = 'failures.txt'


@dataclass(frozen=True)
class Attempt:
    """One episode to record: its number and the task in whose scene it happens."""

    number: int
    task_id: int


@dataclass(frozen=True)
class Recorded:
    """What became of an attempt."""

    number: int
    success: bool
    steps: int = 0
    frames: int = 0


def episode_path(folder: Path, number: int) -> Path:
    """File of an episode."""
    return folder / 'episodes' / f'{number:05d}.npz'


class Recorder:
    """Runs attempts in one worker process, keeping the simulations it has built."""

    def __init__(
        self, settings: CollectionSettings, cameras: Sequence[CameraSpec], folder: Path
    ) -> None:
        self._settings, self._cameras, self._folder = settings, tuple(cameras), folder
        self._env: LiberoEnv | None = None

    def __call__(self, attempt: Attempt) -> Recorded:
        """Records, renders and saves one episode."""
        env = self._environment(attempt.task_id)
        demonstration = record_episode(env, self._settings, attempt.number)
        if demonstration is None:
            return Recorded(attempt.number, False)
        rng = np.random.default_rng([self._settings.seed, attempt.number, 1])
        frames = choose_frames(env, demonstration, rng)
        pictured = render(env, demonstration, frames, self._cameras)
        demonstrations.save(pictured, episode_path(self._folder, attempt.number))
        return Recorded(attempt.number, True, len(demonstration.actions), len(frames))

    def _environment(self, task_id: int) -> LiberoEnv:
        if self._env is None or self._env.task_id != task_id:
            if self._env is not None:
                self._env.close()
            self._env = LiberoEnv(
                self._settings.suite, task_id, cameras=self._cameras, assets=self._settings.assets
            )
        return self._env


def collect(
    settings: CollectionSettings,
    cameras: Sequence[CameraSpec],
    folder: Path,
    episodes: int,
    workers: int,
) -> Counter[str]:
    """Records the attempts that `folder` does not have yet.

    Args:
        settings: What is recorded; must equal that of a folder begun earlier.
        cameras: Names and sizes of the pictures.
        folder: Of the dataset.
        episodes: Number of attempts in all; failed ones are not repeated.
        workers: Processes.

    Returns:
        Totals: 'attempts', 'successes', 'steps', 'frames' of this run.

    Raises:
        DataError: The folder holds another dataset.
    """
    _begin(folder, settings, cameras)
    failures = folder / FAILURES
    failed = {int(n) for n in failures.read_text().split()} if failures.exists() else set()
    todo = [
        Attempt(n, settings.tasks[n % len(settings.tasks)])
        for n in range(episodes)
        if n not in failed and not episode_path(folder, n).exists()
    ]
    factory = functools.partial(Recorder, settings, cameras, folder)
    totals: Counter[str] = Counter()
    with closing(run_jobs(factory, todo, workers, _task)) as results:  # type: ignore[type-var]
        for recorded in _with_progress(results, episodes, len(todo), totals):
            if not recorded.success:
                with failures.open('a') as file:
                    file.write(f'{recorded.number}\n')
    return totals


def _task(attempt: Attempt) -> int:
    return attempt.task_id


def _with_progress(results: Any, episodes: int, todo: int, totals: Counter[str]) -> Any:
    from tqdm import tqdm

    interval = 0.1 if sys.stderr.isatty() else 20.0
    with tqdm(total=episodes, initial=episodes - todo, unit='ep', mininterval=interval) as bar:
        for recorded in results:
            totals['attempts'] += 1
            totals['successes'] += recorded.success
            totals['steps'] += recorded.steps
            totals['frames'] += recorded.frames
            bar.set_postfix_str(f'{totals["successes"]} ok, {totals["frames"]} frames', False)
            bar.update()
            yield recorded


def _begin(folder: Path, settings: CollectionSettings, cameras: Sequence[CameraSpec]) -> None:
    """Writes the description, or checks that it is the same as in an earlier run."""
    description = {
        'settings': settings.describe(),
        'cameras': [[c.name, c.height, c.width] for c in cameras],
    }
    file = folder / demonstrations.DESCRIPTION
    if file.exists() and demonstrations.describe(folder) != description:
        raise DataError(
            f'{folder} holds a dataset with other settings; give another --out, or the same ones'
        )
    write_atomically(file, (json.dumps(description, indent=1) + '\n').encode())
