# SPDX-License-Identifier: Apache-2.0
"""Demonstrations in HDF5 files as LIBERO and robomimic ship them: data/demo_N/{obs,actions}.

LIBERO keeps what robosuite renders, upside down; robomimic has turned it already.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.data.imported import Foreign, ImportSettings, turned
from frs_ros.errors import DataError, DependencyError
from frs_ros.types import AGENTVIEW, WRIST

# Our camera -> its names below obs/, and whether its pictures are upside down.
CAMERA_KEYS = {
    AGENTVIEW: (('agentview_rgb', True), ('agentview_image', False)),
    WRIST: (('eye_in_hand_rgb', True), ('robot0_eye_in_hand_image', False)),
}


def read_hdf5(path: Path, settings: ImportSettings) -> Iterator[Foreign]:
    """Demonstrations of one file, in the order of their numbers; DataError if it is none."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise DependencyError('HDF5 files need the library h5py: pip install h5py') from error
    try:
        with h5py.File(path, 'r') as file:
            if 'data' not in file:
                raise DataError(
                    f"{path} has no group 'data'; it is no file of LIBERO or robomimic"
                )
            data = file['data']
            names = sorted((n for n in data if n.startswith('demo_')), key=_number)
            if not names:
                raise DataError(f'{path} has no demonstrations (data/demo_0, ...)')
            instruction = settings.instruction or _instruction(data, path)
            for name in names:
                yield _demonstration(data[name], f'{path} {name}', instruction, settings)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(f'{path} cannot be read as HDF5 of demonstrations: {error}') from error


def _demonstration(group: Any, name: str, instruction: str, settings: ImportSettings) -> Foreign:
    if 'obs' not in group or 'actions' not in group:
        raise DataError(f"{name} has no 'obs' or no 'actions'")
    given = dict(settings.cameras)
    images = {}
    for camera, known in CAMERA_KEYS.items():
        keys = ((given[camera], False),) if camera in given else known
        for key, upside_down in keys:
            if key in group['obs']:
                half = upside_down if settings.turn == 'auto' else settings.turn == '180'
                images[camera] = turned(np.asarray(group['obs'][key], np.uint8), half=half)
                break
    rewards = np.asarray(group['rewards']) if 'rewards' in group else np.zeros(0)
    return Foreign(
        name=name,
        instruction=instruction,
        state=_state(group['obs'], name),
        actions=np.asarray(group['actions'], np.float64),
        images=images,
        success=bool(rewards.max() > 0) if rewards.size else None,
    )


def _state(obs: Any, name: str) -> np.ndarray:
    """[T, 8] position (m), axis-angle (rad), finger positions (m), as openpi's client."""
    if 'ee_states' in obs and 'gripper_states' in obs:
        return np.hstack([np.asarray(obs['ee_states']), np.asarray(obs['gripper_states'])])
    keys = ('robot0_eef_pos', 'robot0_eef_quat', 'robot0_gripper_qpos')
    missing = [key for key in keys if key not in obs]
    if missing:
        raise DataError(f'{name} has no ee_states and gripper_states, and no {", ".join(missing)}')
    from scipy.spatial.transform import Rotation

    position, quaternion, fingers = (np.asarray(obs[key]) for key in keys)
    return np.hstack([position, Rotation.from_quat(quaternion).as_rotvec(), fingers])


def _instruction(data: Any, path: Path) -> str:
    """What LIBERO says of the task; else the name of the file, as LIBERO names files."""
    text = data.attrs.get('problem_info')
    if text is not None:
        said = json.loads(text).get('language_instruction', '')
        said = ' '.join(said) if isinstance(said, list) else str(said)
        if said:
            return said.strip().strip('"')
    words = re.sub(r'^[A-Z0-9_]*SCENE\d+_', '', path.stem)
    return words.removesuffix('_demo').replace('_', ' ')


def _number(name: str) -> int:
    digits = name.removeprefix('demo_')
    return int(digits) if digits.isdigit() else -1
