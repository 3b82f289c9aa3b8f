# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of other projects in the files of `frs collect`, which offline DSBC reads.

What only our simulator knows (positions, pixels of objects) stays empty. What a file says is
converted by a stated rule or refused by name of file, episode and row; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from frs_ros.cameras.codec import LARGEST_SIDE, encode_jpeg
from frs_ros.datasets import demonstrations
from frs_ros.datasets.demonstrations import CAMERAS, Demonstration
from frs_ros.errors import ConfigError, DataError
from frs_ros.files import write_atomically
from frs_ros.folders import whole_folder

NOBODY = -1  # task and init state of what was not recorded here
TURNS = ('auto', 'none', '180')
MOST_STEPS = 100_000  # of one demonstration, 80 minutes at 20 Hz
FAILED = 'failed'
COPIES = 'copies of another one'


@dataclass(frozen=True)
class ImportSettings:
    """How files of others are read.

    Attributes:
        turn: 'none', '180' (what OpenGL renders upside down, as robosuite and LIBERO do: their
            images are turned as openpi's clients turn them) or 'auto' (by the names in the
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
        if any(len(set(column)) < len(column) for column in zip(*self.cameras, strict=True)):
            raise ConfigError('--cameras names a camera or an image twice')


@dataclass(frozen=True)
class Foreign:
    """One demonstration of T steps as it is in the file of somebody else.

    Attributes:
        name: For messages.
        instruction: Task in words.
        state: [T, S] proprioception before each action, see `types.Observation.state`.
        actions: [T, A] in units.
        images: Camera of `CAMERAS` -> T JPEG files, upright.
        control_hz: Rate of the steps.
        left_out: Why it is not to be learned from; '' if it is.
    """

    name: str
    instruction: str
    state: np.ndarray
    actions: np.ndarray
    images: Mapping[str, Sequence[bytes]]
    control_hz: float = demonstrations.CONTROL_HZ
    left_out: str = ''


def to_demonstration(foreign: Foreign) -> Demonstration:
    """The same in our form; DataError if its parts disagree."""
    steps = len(foreign.actions)
    for name, value in {'state': foreign.state, **foreign.images}.items():
        if len(value) != steps:
            raise DataError(f'{foreign.name} has {steps} actions, but {len(value)} of {name}')
    if not steps or foreign.actions.ndim != 2 or foreign.state.ndim != 2:
        raise DataError(f'{foreign.name} is empty or misshapen')
    for name, numbers in (('action', foreign.actions), ('state', foreign.state)):
        bad = np.flatnonzero(~np.isfinite(numbers).all(1))
        if bad.size:
            raise DataError(f'{foreign.name} row {bad[0]} has an {name} that is not finite')
    missing = [camera for camera in CAMERAS if camera not in foreign.images]
    if missing:
        raise DataError(f'{foreign.name} has no images of {", ".join(missing)}; see --cameras')
    if not foreign.instruction.strip():
        raise DataError(f'{foreign.name} has no task in words; give it with --instruction')
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
    pixels = np.zeros((steps, len(CAMERAS), 0, 2), np.float32)
    return bare.with_images(np.arange(steps), pixels, foreign.images)


def import_demonstrations(
    found: Iterable[Foreign], folder: Path, source: Path, settings: ImportSettings
) -> Counter[str]:
    """Writes demonstrations into a new folder, which appears whole or not at all.

    Returns:
        Totals: 'episodes', 'steps' and 'left out: REASON'.

    Raises:
        DataError: The folder exists, a demonstration is unusable, their rates differ, or there is
            none.
    """
    with whole_folder(folder) as unfinished:
        writing = _Writing(unfinished)
        for foreign in found:
            writing.add(foreign)
        totals = writing.totals
        if not totals['episodes']:
            left = ', '.join(f'{count} {reason}' for reason, count in totals.items())
            raise DataError(f'{source} holds no successful demonstration ({left or "none"})')
        about = {
            'imported': {
                'source': source.name,
                'control_hz': writing.control_hz,
                **asdict(settings),
            },
            'totals': dict(totals),
        }
        file = unfinished / demonstrations.DESCRIPTION
        write_atomically(file, json.dumps(about, indent=2) + '\n')
    return totals


class _Writing:
    """Demonstrations as they come, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[bytes] = set()
        self.totals: Counter[str] = Counter()
        self.control_hz = 0.0

    def add(self, foreign: Foreign) -> None:
        if foreign.left_out:
            self.totals[f'left out: {foreign.left_out}'] += 1
            return
        made = to_demonstration(foreign)
        if self.control_hz not in (0.0, foreign.control_hz):
            raise DataError(
                f'{foreign.name} is of {foreign.control_hz:g} Hz, those before of '
                f'{self.control_hz:g} Hz; import them one by one'
            )
        self.control_hz = foreign.control_hz
        digest = _digest(made)
        if digest in self._known:
            self.totals[f'left out: {COPIES}'] += 1
            return
        self._known.add(digest)
        path = self._folder / 'episodes' / f'{self.totals["episodes"]:05d}.npz'
        demonstrations.save(made, path)
        self.totals['episodes'] += 1
        self.totals['steps'] += len(foreign.actions)


def _digest(made: Demonstration) -> bytes:
    """Fingerprint of what is learned from a demonstration."""
    sums = hashlib.sha256(made.instruction.encode())
    for part in (made.state, made.actions, made.agentview, made.wrist):
        sums.update(np.ascontiguousarray(part).tobytes())
    return sums.digest()


def rate(value: object, where: str) -> float:
    """A rate that a file says, Hz; DataError if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value = math.nan
    if not 0 < value < 10_000:
        raise DataError(f'{where} says no rate of its steps, Hz')
    return float(value)


def as_rgb(pixels: np.ndarray, where: str) -> np.ndarray:
    """Image [h, w, 3] uint8 RGB of a stored one.

    Taken are bytes in RGB, RGBA (alpha is dropped) and grey (repeated), channels last or first.

    Args:
        pixels: [h, w], [h, w, c] or [c, h, w] with c of 1, 3 or 4.
        where: Names file, episode and row in an error.

    Raises:
        DataError: The image is of another type or shape; its numbers are not scaled.
    """
    if pixels.dtype != np.uint8:
        raise DataError(f'{where}: images must be uint8, not {pixels.dtype}; convert the file')
    image = pixels[..., None] if pixels.ndim == 2 else pixels
    if image.ndim == 3 and image.shape[2] not in (1, 3, 4) and image.shape[0] in (1, 3, 4):
        image = np.moveaxis(image, 0, 2)
    good = image.ndim == 3 and image.shape[2] in (1, 3, 4) and image.size
    if not good or max(image.shape) > LARGEST_SIDE:
        raise DataError(
            f'{where}: an image must be [h, w, 3], [h, w, 4], [h, w] or channels first, at most '
            f'{LARGEST_SIDE} a side, not {list(pixels.shape)}'
        )
    return np.repeat(image, 3, 2) if image.shape[2] == 1 else image[..., :3]


class ImageTrack:
    """JPEGs of one camera, row by row.

    Args:
        half: Whether images are turned by 180 degrees.
    """

    def __init__(self, *, half: bool) -> None:
        self._half = half
        self._shape: tuple[int, ...] = ()
        self.jpegs: list[bytes] = []

    def add(self, rgb: np.ndarray, where: str) -> None:
        """Takes the next image [h, w, 3]; DataError if its size is another than before."""
        self._shape = self._shape or rgb.shape
        if rgb.shape != self._shape:
            size, before = ('x'.join(map(str, shape[:2])) for shape in (rgb.shape, self._shape))
            raise DataError(f'{where}: the image has another size than before: {size}, {before}')
        self.jpegs.append(encode_jpeg(rgb[::-1, ::-1] if self._half else rgb))


def left_out(totals: Mapping[str, int]) -> Iterator[str]:
    """What was left out of an import, in words."""
    for key, count in totals.items():
        if key.startswith('left out: '):
            yield f'{count} left out: {key.removeprefix("left out: ")}'
