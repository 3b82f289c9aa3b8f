# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of other projects in the files of `frs collect`, which offline DSBC reads.

What only our simulator knows (positions, pixels of objects) stays empty.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.data import demonstrations
from frs_ros.data.demonstrations import CAMERAS, Demonstration
from frs_ros.errors import ConfigError, DataError

NOBODY = -1  # task and init state of what was not recorded here
TURNS = ('auto', 'none', '180')


@dataclass(frozen=True)
class ImportSettings:
    """How files of others are read.

    Attributes:
        turn: 'none', '180' (what OpenGL renders upside down, as robosuite and LIBERO do: their
            pictures are turned as openpi's clients turn them) or 'auto' (by the names in the
            file).
        cameras: Our camera -> name in the file; empty for those known by name.
        instruction: In the place of the file's; '' to keep that.
    """

    turn: str = 'auto'
    cameras: tuple[tuple[str, str], ...] = ()
    instruction: str = ''

    def __post_init__(self) -> None:
        if self.turn not in TURNS:
            raise ConfigError(f"--turn must be one of {', '.join(TURNS)}, not '{self.turn}'")
        for camera, _ in self.cameras:
            if camera not in CAMERAS:
                raise ConfigError(f"there is no camera '{camera}', only {', '.join(CAMERAS)}")


@dataclass(frozen=True)
class Foreign:
    """One demonstration of T steps as it is in the file of somebody else.

    Attributes:
        name: For messages.
        instruction: Task in words.
        state: [T, S] proprioception before each action, see `types.Observation.state`.
        actions: [T, A] in units.
        images: Camera of `CAMERAS` -> [T, h, w, 3] uint8 RGB, upright.
        success: Whether the task was solved; None if the file does not say.
    """

    name: str
    instruction: str
    state: np.ndarray
    actions: np.ndarray
    images: dict[str, np.ndarray]
    success: bool | None = None


def to_demonstration(foreign: Foreign) -> Demonstration:
    """The same in our form; DataError if its parts disagree."""
    steps = len(foreign.actions)
    for name, value in {'state': foreign.state, **foreign.images}.items():
        if len(value) != steps:
            raise DataError(f'{foreign.name} has {steps} actions, but {len(value)} of {name}')
    if not steps or foreign.actions.ndim != 2 or foreign.state.ndim != 2:
        raise DataError(f'{foreign.name} is empty or misshapen')
    if not np.isfinite(foreign.actions).all() or not np.isfinite(foreign.state).all():
        raise DataError(f'{foreign.name} has numbers that are not finite')
    missing = [camera for camera in CAMERAS if camera not in foreign.images]
    if missing:
        raise DataError(f'{foreign.name} has no pictures of {", ".join(missing)}; see --cameras')
    empty = np.zeros(0)
    bare = Demonstration(
        NOBODY,
        NOBODY,
        target='',
        names=(),
        instruction=foreign.instruction,
        state=np.asarray(foreign.state, np.float64),
        actions=np.asarray(foreign.actions, np.float32),
        qpos=np.zeros((steps, 0)),
        frames=empty,
        pixels=empty,
        agentview=empty,
        agentview_offsets=empty,
        wrist=empty,
        wrist_offsets=empty,
    )
    jpegs = {camera: [encode_jpeg(p) for p in foreign.images[camera]] for camera in CAMERAS}
    pixels = np.zeros((steps, len(CAMERAS), 0, 2), np.float32)
    return bare.with_pictures(np.arange(steps), pixels, jpegs)


def import_demonstrations(
    found: Iterator[Foreign], folder: Path, source: Path, settings: ImportSettings
) -> Counter[str]:
    """Writes demonstrations into a new folder.

    Returns:
        Totals: 'episodes', 'steps' and 'left out: failed'.

    Raises:
        DataError: The folder exists, a demonstration is unusable, or there is none.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f'{folder} exists; name a new folder or remove it')
    try:
        totals = _write(found, folder)
        if not totals['episodes']:
            raise DataError(f'{source} holds no successful demonstration')
        about = {'imported': {'source': source.name, **asdict(settings)}, 'totals': dict(totals)}
        (folder / demonstrations.DESCRIPTION).write_text(json.dumps(about, indent=2) + '\n')
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return totals


def _write(found: Iterator[Foreign], folder: Path) -> Counter[str]:
    totals: Counter[str] = Counter()
    for foreign in found:
        if foreign.success is False:
            totals['left out: failed'] += 1
            continue
        path = folder / 'episodes' / f'{totals["episodes"]:05d}.npz'
        demonstrations.save(to_demonstration(foreign), path)
        totals['episodes'] += 1
        totals['steps'] += len(foreign.actions)
    return totals


def turned(pictures: np.ndarray, *, half: bool) -> np.ndarray:
    """Pictures [T, h, w, 3] turned by half a turn, or as they are."""
    return pictures[:, ::-1, ::-1] if half else pictures
