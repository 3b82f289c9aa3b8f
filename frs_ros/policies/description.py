# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint is and needs, read from what lies beside its weights. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_ros.documents import read_json
from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.vla.settings import RANDOM, is_policy_file, read_settings
from frs_ros.text import one_line, shown
from frs_ros.types import CARTESIAN_DELTA, JOINT_DELTA

FORMAT = 1
KIND = 'mini'
MOST_HZ = 1000.0
_PRETRAINED = Path(__file__).parent / 'pretrained'
SHIPPED = {
    'mini': _PRETRAINED / 'mini_libero_object.safetensors',
    'mini_libero': _PRETRAINED / 'mini_libero.safetensors',
}


@dataclass(frozen=True)
class Interface:
    """What a robot cell must offer for a policy to run in it.

    Attributes:
        space: What its actions mean, one of `types.ACTION_SPACES`.
        control_hz: Rate at which they are executed.
        cameras: Names of the images it looks at: the scene, then the wrist.
    """

    space: str
    control_hz: float
    cameras: tuple[str, ...]


# Policies that are made, not read from a file.
MADE = {
    'random_droid': Interface(JOINT_DELTA, 15.0, ('exterior_image_1_left', 'wrist_image_left')),
}


def interface_of(checkpoint: str) -> Interface:
    """What the policy needs that `load_policy` would load.

    Raises:
        CheckpointError: There is none.
        ConfigError: A parameter file does not fit, or its weights are random.
    """
    if checkpoint in MADE:
        return MADE[checkpoint]
    if is_policy_file(checkpoint):
        settings = read_settings(checkpoint)
        if settings.stack == RANDOM:
            raise ConfigError(
                f'{checkpoint}: random weights of a large policy move an arm wildly; '
                "to try a cell out take 'random_droid'"
            )
        return Interface(
            settings.action.space, settings.action.control_hz, tuple(settings.cameras)
        )
    description = read_metadata(checkpoint)
    try:
        spec = description['spec']
        cameras = tuple(str(camera['name']) for camera in description['cameras'])
        control_hz = float(spec['control_hz'])
        if not 0 < control_hz <= MOST_HZ:
            raise ValueError(f'control_hz: {control_hz:g}')
        return Interface(spec.get('space', CARTESIAN_DELTA), control_hz, cameras)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        path = resolve(checkpoint).with_suffix('.json')
        raise CheckpointError(f'{path}: bad or missing entry {one_line(e)}') from e


def resolve(checkpoint: str | Path) -> Path:
    """Path of a shipped checkpoint by name, or the path itself.

    Raises:
        CheckpointError: If there is no such file, or its JSON is missing.
    """
    path = SHIPPED.get(str(checkpoint), Path(checkpoint))
    if not path.is_file():
        names = ', '.join(SHIPPED)
        raise CheckpointError(
            f"no checkpoint at '{path}'; give a .safetensors file, the .yaml of a large policy "
            f'or one of: {names}'
        )
    if is_policy_file(path):
        return path
    if not path.with_suffix('.json').is_file():
        raise CheckpointError(f'checkpoint {path} lacks its description {path.stem}.json')
    return path


def read_metadata(checkpoint: str | Path) -> dict[str, Any]:
    """The JSON of a checkpoint; training metadata are under `training`.

    Empty for the parameter file of a large policy: nobody says what that was trained on.

    Raises:
        CheckpointError: If it is missing or is not the JSON of a `mini` checkpoint.
    """
    path = resolve(checkpoint)
    if is_policy_file(path):
        return {}
    path = path.with_suffix('.json')
    description = read_json(path, CheckpointError)
    if not isinstance(description, dict):
        raise CheckpointError(f'{path} does not describe a checkpoint')
    for key, wanted in (('kind', KIND), ('format', FORMAT)):
        if description.get(key) != wanted:
            raise CheckpointError(
                f'{path}: {key} is {shown(description.get(key))}, this version reads {wanted!r}'
            )
    return description
