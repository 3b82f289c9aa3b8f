# SPDX-License-Identifier: Apache-2.0
"""Demonstrations in HDF5 files as LIBERO and robomimic ship them: data/demo_N/{obs,actions}.

LIBERO keeps what robosuite renders, upside down; robomimic has turned it already. HDF5 lets a file
refer to others; such references are refused, so that nothing but the file itself is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.datasets.demonstrations import CONTROL_HZ
from frs_ros.datasets.exchange.imported import (
    FAILED,
    MOST_STEPS,
    Foreign,
    ImageTrack,
    ImportSettings,
    as_rgb,
    rate,
)
from frs_ros.documents import parse_json
from frs_ros.errors import DataError, DependencyError
from frs_ros.text import one_line, shown
from frs_ros.types import AGENTVIEW, WRIST

# Our camera -> its names below obs/, and whether its images are upside down.
CAMERA_KEYS = {
    AGENTVIEW: (('agentview_rgb', True), ('agentview_image', False)),
    WRIST: (('eye_in_hand_rgb', True), ('robot0_eye_in_hand_image', False)),
}
_UPSIDE_DOWN = {name for keys in CAMERA_KEYS.values() for name, upside_down in keys if upside_down}
_LARGEST_CHUNK = 1 << 30  # bytes that are unpacked at a time
_BLOCK = 32  # images that are read at a time
_WIDEST = 1024  # numbers of a state or action


def read_hdf5(path: Path, settings: ImportSettings) -> Iterator[Foreign]:
    """Demonstrations of one file, in the order of their numbers; DataError if it is none."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise DependencyError('HDF5 files need the library h5py: pip install h5py') from error
    where = str(path)
    try:
        with h5py.File(path, 'r') as file:
            data = _group(file, 'data', where)
            if data is None:
                raise DataError(
                    f"{path} has no group 'data'; it is no file of LIBERO or robomimic"
                )
            names = sorted((n for n in data if n.startswith('demo_')), key=_number)
            if not names:
                raise DataError(f'{path} has no demonstrations (data/demo_0, ...)')
            instruction = settings.instruction or _instruction(data, path)
            control_hz = _rate(data, path)
            for name in names:
                where = f'{path} {name}'
                group = _group(data, name, where)
                yield _demonstration(group, where, instruction, control_hz, settings)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise DataError(
            f'{where} cannot be read as HDF5 of demonstrations: {one_line(error)}'
        ) from error


def _demonstration(
    group: Any, name: str, instruction: str, control_hz: float, settings: ImportSettings
) -> Foreign:
    obs = _group(group, 'obs', name)
    actions = _numbers(group, 'actions', name)
    if obs is None or actions is None:
        raise DataError(f"{name} has no 'obs' or no 'actions'")
    given = dict(settings.cameras)
    images = {}
    for camera, known in CAMERA_KEYS.items():
        key = given.get(camera)
        keys = ((key, key in _UPSIDE_DOWN),) if key else known
        for key, upside_down in keys:
            half = upside_down if settings.turn == 'auto' else settings.turn == '180'
            found = _images(obs, key, name, half=half)
            if found is not None:
                images[camera] = found
                break
    rewards = _numbers(group, 'rewards', name)
    if rewards is not None and not np.isfinite(rewards).all():
        raise DataError(f'{name} has rewards that are not finite')
    failed = rewards is not None and rewards.size > 0 and not rewards.max() > 0
    return Foreign(
        name=name,
        instruction=instruction,
        state=_state(obs, name),
        actions=actions,
        images=images,
        control_hz=control_hz,
        left_out=FAILED if failed else '',
    )


def _state(obs: Any, name: str) -> np.ndarray:
    """[T, 8] position (m), axis-angle (rad), finger positions (m), as openpi's client."""
    pose, gripper = _numbers(obs, 'ee_states', name), _numbers(obs, 'gripper_states', name)
    if pose is not None and gripper is not None:
        return np.hstack([pose, gripper])
    keys = ('robot0_eef_pos', 'robot0_eef_quat', 'robot0_gripper_qpos')
    parts = [_numbers(obs, key, name) for key in keys]
    missing = [key for key, part in zip(keys, parts, strict=True) if part is None]
    if missing:
        raise DataError(f'{name} has no ee_states and gripper_states, and no {", ".join(missing)}')
    from scipy.spatial.transform import Rotation

    position, quaternion, fingers = (part for part in parts if part is not None)
    bad = np.flatnonzero(~(np.linalg.norm(quaternion, axis=1) > 0.5))
    if bad.size:
        raise DataError(f'{name} row {bad[0]} has a robot0_eef_quat that is no unit quaternion')
    return np.hstack([position, Rotation.from_quat(quaternion).as_rotvec(), fingers])


def _images(obs: Any, key: str, name: str, *, half: bool) -> list[bytes] | None:
    """JPEGs of all rows of a dataset of images; None if there is none of this name."""
    dataset = _dataset(obs, key, f'{name} obs/{key}')
    if dataset is None:
        return None
    track = ImageTrack(half=half)
    for first in range(0, len(dataset), _BLOCK):
        for row, pixels in enumerate(dataset[first : first + _BLOCK], first):
            where = f'{name} obs/{key} row {row}'
            track.add(as_rgb(pixels, where), where)
    return track.jpegs


def _numbers(group: Any, key: str, name: str) -> np.ndarray | None:
    """[T] or [T, n] numbers of a dataset; None if there is none of this name."""
    where = f'{name} {key}'
    dataset = _dataset(group, key, where)
    if dataset is None:
        return None
    if dataset.dtype.kind not in 'fiu' or not math.prod(dataset.shape[1:]) <= _WIDEST:
        raise DataError(f'{where} holds no rows of numbers, but {_said(dataset)}')
    return np.asarray(dataset, np.float64)


def _dataset(group: Any, key: str, where: str) -> Any:
    """Dataset whose values are all in this file; None if there is none of this name."""
    import h5py

    dataset = _member(group, key, where)
    if dataset is None:
        return None
    if not isinstance(dataset, h5py.Dataset) or not dataset.shape:
        raise DataError(f'{where} is no dataset of rows')
    if dataset.is_virtual or dataset.external:
        raise DataError(f'{where} keeps its values in other files, which are not read')
    if len(dataset) > MOST_STEPS:
        raise DataError(f'{where} has {len(dataset)} rows, at most {MOST_STEPS} are read')
    if dataset.chunks:
        size = math.prod(dataset.chunks) * dataset.dtype.itemsize
        parts = (-(-n // c) for n, c in zip(dataset.shape, dataset.chunks, strict=True))
        whole = dataset.id.get_num_chunks() >= math.prod(parts)
    else:
        size = dataset.nbytes // max(1, len(dataset)) * _BLOCK
        whole = dataset.id.get_storage_size() >= dataset.nbytes
    if not whole:
        raise DataError(f'{where} says {_said(dataset)}, but not all of that is in the file')
    if size > _LARGEST_CHUNK:
        raise DataError(f'{where} is stored in parts of {size >> 20} MiB, which is not read')
    return dataset


def _group(group: Any, key: str, where: str) -> Any:
    """Group of this file; None if there is none of this name."""
    import h5py

    found = _member(group, key, where)
    if found is not None and not isinstance(found, h5py.Group):
        raise DataError(f"{where}: '{key}' is no group")
    return found


def _member(group: Any, key: str, where: str) -> Any:
    """What a group holds under a name, which may be a path; None if it holds nothing there."""
    import h5py

    for part in key.split('/'):
        # `part in group` would follow a link into another file
        there = part not in ('', '.') and isinstance(group, h5py.Group)
        if not there or not group.id.links.exists(part.encode()):
            return None
        link = group.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise DataError(f'{where}: {shown(part)} is a link, which is not followed')
        group = group[part]
    return group


def _said(dataset: Any) -> str:
    return f'{list(dataset.shape)} of {dataset.dtype}'


def _attribute(data: Any, key: str, path: Path) -> dict[str, Any]:
    """Object in JSON that an attribute of the file holds; empty without one."""
    text = data.attrs.get(key)
    if text is None:
        return {}
    if not isinstance(text, (str, bytes)):
        raise DataError(f'{path}: attribute {key} is no text')
    content = parse_json(text, f'{path}: attribute {key}')
    if not isinstance(content, dict):
        raise DataError(f'{path}: attribute {key} is no object in JSON')
    return content


def _rate(data: Any, path: Path) -> float:
    """Control rate that the file says, as robosuite's; without one that of LIBERO."""
    settings = _attribute(data, 'env_args', path).get('env_kwargs')
    said = settings.get('control_freq') if isinstance(settings, dict) else None
    return CONTROL_HZ if said is None else rate(said, f'{path}: env_args')


def _instruction(data: Any, path: Path) -> str:
    """What LIBERO says of the task; else the name of the file, as LIBERO names files."""
    said = _attribute(data, 'problem_info', path).get('language_instruction', '')
    said = ' '.join(map(str, said)) if isinstance(said, list) else str(said)
    if said.strip():
        return said.strip().strip('"')
    words = re.sub(r'^[A-Z0-9_]*SCENE\d+_', '', path.stem)
    return words.removesuffix('_demo').replace('_', ' ')


def _number(name: str) -> int:
    digits = name.removeprefix('demo_')
    return int(digits) if digits.isdecimal() and len(digits) < 19 else -1
