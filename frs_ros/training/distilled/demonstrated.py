# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of `frs collect` and `frs bag import`, as offline DSBC takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from frs_ros.datasets import demonstrations
from frs_ros.datasets.distillation import Source
from frs_ros.datasets.npz import read_npz
from frs_ros.errors import DataError
from frs_ros.policies.vocabulary import normalise
from frs_ros.training.distilled.offline import Demonstrated

OPEN = -1.0  # gripper command before the first action


def chosen_files(folders: Sequence[Path], instructions: Sequence[str], limit: int) -> list[Path]:
    """Episode files to label, at most `limit` (0: all) with one of the instructions (none: any).

    Raises:
        DataError: There are none.
    """
    wanted = {normalise(text) for text in instructions}
    found: list[Path] = []
    known: set[str] = set()
    for folder in folders:
        for file in demonstrations.episode_files(folder):
            said = instruction_of(file) if wanted else ''
            known.add(said)
            if not wanted or said in wanted:
                found.append(file)
    if not found:
        raise DataError(f'no demonstration of these instructions; there are: {sorted(known)}')
    return found[:limit] if limit else found


def check_rates(folders: Sequence[Path], control_hz: float) -> None:
    """DataError if demonstrations were recorded at another rate than the policy acts at."""
    for folder in folders:
        rate = demonstrations.rate_of(folder)
        if abs(rate - control_hz) > 0.01 * control_hz:
            raise DataError(
                f'{folder} is of {rate:g} Hz, the policy acts at {control_hz:g} Hz; actions of '
                'another rate mean other speeds: record or export at that of the policy'
            )


def instruction_of(file: Path) -> str:
    """Normalised instruction of an episode file, of which nothing else is read."""
    values = read_npz(file, ['instruction'], 'demonstration')
    return normalise(str(values['instruction']))


def read(files: Sequence[Path]) -> Iterator[Demonstrated]:
    """One after the other: images of one episode are in memory at a time."""
    for file in files:
        yield of_collected(demonstrations.load(file), file.stem)


def of_collected(episode: demonstrations.Demonstration, name: str) -> Demonstrated:
    """An episode of `frs collect`; its gripper is the last action dimension."""
    commands = np.concatenate([[OPEN], np.asarray(episode.actions[:-1, -1], np.float64)])
    return Demonstrated(
        id=name,
        instruction=episode.instruction,
        state=episode.state,
        actions=episode.actions,
        frames=episode.frames,
        images={camera: episode.decode_frames(camera) for camera in demonstrations.CAMERAS},
        gripper_command=commands,
    )


def sources(folders: Sequence[Path]) -> list[Source]:
    """Names and fingerprints of the datasets."""
    return [Source(folder.name, demonstrations.digest(folder)) for folder in folders]
