# SPDX-License-Identifier: Apache-2.0
"""Collects a dataset of demonstrations in several processes; goes on where it was stopped."""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.datasets import demonstrations
from frs_ros.datasets.collection import CollectionSettings, choose_frames, record_episode, render
from frs_ros.errors import DataError
from frs_ros.files import append_line, write_atomically
from frs_ros.sim.libero import LiberoEnv
from frs_ros.text import one_line
from frs_ros.types import CameraSpec
from frs_ros.workers import run_jobs

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


class Simulations:
    """The simulation of one worker process: built anew only when the task changes."""

    def __init__(self, settings: CollectionSettings, cameras: Sequence[CameraSpec]) -> None:
        self._settings, self._cameras = settings, tuple(cameras)
        self._env: LiberoEnv | None = None

    def of(self, task_id: int) -> LiberoEnv:
        """The simulation of a task."""
        if self._env is None or self._env.task_id != task_id:
            if self._env is not None:
                self._env.close()
            self._env = LiberoEnv(
                self._settings.suite,
                task_id,
                cameras=self._cameras,
                assets=self._settings.assets,
                target=self._settings.target,
            )
        return self._env


class Recorder:
    """Runs attempts in one worker process."""

    def __init__(
        self, settings: CollectionSettings, cameras: Sequence[CameraSpec], folder: Path
    ) -> None:
        self._settings, self._cameras, self._folder = settings, tuple(cameras), folder
        self._simulations = Simulations(settings, cameras)

    def __call__(self, attempt: Attempt) -> Recorded:
        """Records, renders and saves one episode."""
        env = self._simulations.of(attempt.task_id)
        demonstration = record_episode(env, self._settings, attempt.number)
        if demonstration is None:
            return Recorded(attempt.number, False)
        rng = np.random.default_rng([self._settings.seed, attempt.number, 1])
        frames = choose_frames(env, demonstration, rng)
        rendered = render(env, demonstration, frames, self._cameras)
        demonstrations.save(rendered, episode_path(self._folder, attempt.number))
        return Recorded(attempt.number, True, len(demonstration.actions), len(frames))


class Renderer:
    """Draws the images of recorded episodes again in one worker process."""

    def __init__(
        self,
        settings: CollectionSettings,
        cameras: Sequence[CameraSpec],
        source: Path,
        folder: Path,
    ) -> None:
        self._cameras, self._source, self._folder = tuple(cameras), source, folder
        self._simulations = Simulations(settings, cameras)

    def __call__(self, attempt: Attempt) -> Recorded:
        """Renders and saves one episode."""
        episode = demonstrations.load(episode_path(self._source, attempt.number))
        env = self._simulations.of(episode.task_id)
        if episode.qpos.shape[1] != env.model.nq:
            raise DataError(
                f'{episode_path(self._source, attempt.number)} has {episode.qpos.shape[1]} '
                f'positions per step, the simulation {env.model.nq}'
            )
        rendered = render(env, episode, episode.frames, self._cameras)
        demonstrations.save(rendered, episode_path(self._folder, attempt.number))
        return Recorded(attempt.number, True, len(episode.actions), len(episode.frames))


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
        cameras: Names and sizes of the images.
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
    failed = _failed(failures)
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
                append_line(failures, str(recorded.number))
    return totals


def render_again(
    source: Path, folder: Path, assets: str, cameras: Sequence[CameraSpec], workers: int
) -> Counter[str]:
    """Copies a dataset with images drawn anew from its simulator states.

    Args:
        source: Dataset of `collect`.
        folder: Of the new one; episodes that it has are left as they are.
        assets: What the objects are to look like.
        cameras: Names and sizes of the images.
        workers: Processes.

    Returns:
        Totals as of `collect`.

    Raises:
        DataError: `source` is no dataset, or `folder` holds another one.
    """
    settings = replace(settings_of(source), assets=assets)
    numbers = [int(file.stem) for file in demonstrations.episode_files(source)]
    _begin(folder, settings, cameras)
    todo = [
        Attempt(n, settings.tasks[n % len(settings.tasks)])
        for n in numbers
        if not episode_path(folder, n).exists()
    ]
    factory = functools.partial(Renderer, settings, cameras, source, folder)
    totals: Counter[str] = Counter()
    with closing(run_jobs(factory, todo, workers, _task)) as results:  # type: ignore[type-var]
        for _ in _with_progress(results, len(numbers), len(todo), totals):
            pass
    return totals


def settings_of(folder: Path) -> CollectionSettings:
    """The settings a dataset was collected with; DataError if they cannot be understood."""
    described = demonstrations.describe(folder).get('settings', {})
    try:
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in described.items()}
        return CollectionSettings(**values)
    except TypeError as error:
        raise DataError(f'{folder} was collected by another version: {error}') from error


def _failed(file: Path) -> set[int]:
    """Numbers of the attempts that failed; a line that was cut off by a kill is removed."""
    try:
        lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
        numbers = [int(line) for line in lines if line.endswith(b'\n')]
    except ValueError as error:
        raise DataError(f'{file} is damaged: {one_line(error)}; remove that line') from error
    if len(numbers) < len(lines):
        write_atomically(file, ''.join(f'{number}\n' for number in numbers))
    return set(numbers)


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
