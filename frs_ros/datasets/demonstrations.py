# SPDX-License-Identifier: Apache-2.0
"""Demonstrations on disk: one npz file per episode (no pickle) and one JSON for the whole.

Images are the JPEGs of a subset of the steps, the simulator states of all steps are kept, so that
images can be rendered again with other assets, sizes or steps.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.cameras.codec import decode_jpeg
from frs_ros.datasets.npz import read_npz
from frs_ros.documents import read_json
from frs_ros.errors import DataError
from frs_ros.files import write_atomically
from frs_ros.text import one_line
from frs_ros.types import AGENTVIEW, WRIST

CAMERAS = (AGENTVIEW, WRIST)
DESCRIPTION = 'dataset.json'
CONTROL_HZ = 20.0  # of LIBERO, and so of datasets that name no other rate


@dataclass(frozen=True)
class Demonstration:
    """One successful episode of T steps with images of N of them.

    Attributes:
        task_id: Task whose scene it was recorded in.
        init_id: Stock init state the episode started from.
        target: Object fetched, such as 'milk_1'.
        names: n object names, the destination last.
        instruction: The episode's task in words.
        state: [T, 8] `Observation.state` before each action.
        actions: [T, 7] clean expert actions in units (labels; the executed ones were disturbed).
        qpos: [T, nq] simulator positions before each action.
        frames: [N] rows of the above that have images.
        pixels: [N, 2, n, 2] (u right, v down) of the objects' origins in the agentview and wrist
            images; may lie outside.
        agentview: Concatenated JPEGs of the agentview camera, uint8.
        agentview_offsets: [N + 1] where each image begins.
        wrist: Likewise for the wrist camera.
        wrist_offsets: Likewise.
    """

    task_id: int
    init_id: int
    target: str
    names: tuple[str, ...]
    instruction: str
    state: np.ndarray
    actions: np.ndarray
    qpos: np.ndarray
    frames: np.ndarray
    pixels: np.ndarray
    agentview: np.ndarray
    agentview_offsets: np.ndarray
    wrist: np.ndarray
    wrist_offsets: np.ndarray

    def decode_frames(self, camera: str) -> np.ndarray:
        """The images of one camera, [N, h, w, 3] uint8 RGB."""
        data, offsets = getattr(self, camera), getattr(self, f'{camera}_offsets')
        images = [data[a:b] for a, b in itertools.pairwise(offsets)]
        return np.stack([decode_jpeg(p) for p in images])

    def with_images(
        self,
        frames: np.ndarray,
        pixels: np.ndarray,
        images: Mapping[str, Sequence[bytes]],
    ) -> Demonstration:
        """The same episode with other images; `images` maps a camera to N JPEGs."""
        packed: dict[str, np.ndarray] = {}
        for camera in CAMERAS:
            packed[camera] = np.frombuffer(b''.join(images[camera]), np.uint8)
            sizes = [len(p) for p in images[camera]]
            packed[f'{camera}_offsets'] = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return replace(self, frames=frames, pixels=pixels, **packed)


def save(demonstration: Demonstration, path: Path) -> None:
    """Writes one episode; the file appears whole or not at all."""
    values = {f.name: np.asarray(getattr(demonstration, f.name)) for f in fields(Demonstration)}
    content = io.BytesIO()
    np.savez_compressed(content, **values)  # type: ignore[arg-type]
    write_atomically(path, content.getvalue())


def load(path: Path) -> Demonstration:
    """Reads one episode; DataError if the file is missing, truncated or of another kind."""
    names = [f.name for f in fields(Demonstration)]
    values: dict[str, Any] = dict(read_npz(path, names, 'demonstration'))
    try:
        for name in ('task_id', 'init_id'):
            values[name] = int(values[name])
        for name in ('target', 'instruction'):
            values[name] = str(values[name])
        values['names'] = tuple(str(n) for n in values['names'])
    except (TypeError, ValueError) as error:
        raise DataError(f'{path} is not a readable demonstration: {one_line(error)}') from error
    return Demonstration(**values)


def episode_files(folder: Path) -> list[Path]:
    """Episode files of a dataset in order; DataError if there are none."""
    files = sorted((folder / 'episodes').glob('*.npz'))
    if not files:
        raise DataError(f'no demonstrations in {folder}; make some with: frs collect --out DIR')
    return files


def describe(folder: Path) -> dict[str, Any]:
    """The dataset's settings as `frs collect` wrote them; DataError if unreadable."""
    content = read_json(folder / DESCRIPTION)
    if not isinstance(content, dict) or not isinstance(content.get('settings', {}), dict):
        raise DataError(f'{folder / DESCRIPTION} describes no dataset of demonstrations')
    return content


def suite_of(folder: Path) -> str:
    """The LIBERO suite of a dataset of `frs collect`; '' of an imported one."""
    return str(describe(folder).get('settings', {}).get('suite', ''))


def rate_of(folder: Path) -> float:
    """Rate of a dataset's actions, Hz."""
    imported = describe(folder).get('imported')
    said = imported.get('control_hz') if isinstance(imported, dict) else None
    return float(said) if isinstance(said, (int, float)) else CONTROL_HZ


def digest(folder: Path) -> str:
    """Fingerprint of all episode files, for model cards and checkpoints."""
    sums = hashlib.sha256()
    for file in episode_files(folder):
        sums.update(file.name.encode())
        sums.update(hashlib.sha256(file.read_bytes()).digest())
    return sums.hexdigest()[:16]
