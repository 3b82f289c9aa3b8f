# SPDX-License-Identifier: Apache-2.0
"""The parameter file of a large policy: which stack, which checkpoint, what means what.

Read without torch or the stack's library; `examples/policies/` has commented files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frs_ros.documents import read_yaml
from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.identity import of_folder
from frs_ros.policies.vla.rules import KINDS, NONE
from frs_ros.policies.vla.section import MOST, Section
from frs_ros.text import shown
from frs_ros.types import ACTION_SPACES, CARTESIAN_DELTA

SUFFIXES = ('.yaml', '.yml')
OPENPI, LEROBOT, RANDOM = 'openpi', 'lerobot', 'random'
STACKS = (OPENPI, LEROBOT, RANDOM)
DTYPES = ('float32', 'bfloat16')
CARTESIAN = ('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper')
JOINTS = (*(f'joint_{i}' for i in range(1, 8)), 'gripper')
CAMERA = re.compile(r'[A-Za-z_][A-Za-z0-9_]*')  # as ROS wants the parts of topics
COMPILE = (NONE, 'default', 'reduce-overhead', 'max-autotune')


@dataclass(frozen=True)
class ActionSettings:
    """What a chunk is.

    Attributes:
        space: One of `types.ACTION_SPACES`.
        control_hz: Rate at which actions are executed.
        execute_steps: Actions executed before the next plan.
        delta: Dimensions that the model knows relative to the state, see `rules.delta_mask`.
        steps: Euler steps; 0 for as many as the checkpoint says.
    """

    space: str
    control_hz: float
    execute_steps: int
    delta: tuple[int, ...]
    steps: int


@dataclass(frozen=True)
class VlaSettings:
    """A whole file.

    Attributes:
        path: The file.
        stack: One of `STACKS`.
        checkpoint: Folder of the weights; means nothing for random ones.
        config: openpi's name of the training configuration, a key of `pi05_core.SHAPES` for random
            weights, '' for LeRobot.
        tokenizer: Folder that LeRobot takes tokeniser and backbone description from instead of a
            hub; '' for those the checkpoint names.
        cameras: Our camera name, part of a topic -> name of the stack's input; the scene first,
            then the wrist.
        state: Name of the stack's input -> how many numbers of `Observation.state` it gets, in
            order.
        instruction: Name of the stack's input.
        default_instruction: Said when an observation has no instruction.
        action: What a chunk is.
        normalisation: A key of `rules.KINDS`.
        statistics: File with the statistics of the actions.
        device: As torch spells it.
        dtype: Of the weights, one of `DTYPES`.
        compile: How torch compiles the velocity step, one of `COMPILE`.
    """

    path: Path
    stack: str
    checkpoint: Path
    config: str
    tokenizer: str
    cameras: Mapping[str, str]
    state: Mapping[str, int]
    instruction: str
    default_instruction: str
    action: ActionSettings
    normalisation: str
    statistics: Path
    device: str
    dtype: str
    compile: str

    def weight_fingerprints(self) -> list[str]:
        """What tells these from others of the same `config`, see `identity.of_folder`."""
        return [] if self.stack == RANDOM else of_folder(self.checkpoint)


def action_names(space: str) -> tuple[str, ...]:
    """Names of the action dimensions in a space of `types.ACTION_SPACES`."""
    return CARTESIAN if space == CARTESIAN_DELTA else JOINTS


def action_dim(space: str) -> int:
    """How many action dimensions a space has."""
    return len(action_names(space))


def is_policy_file(checkpoint: str | Path) -> bool:
    """Whether this names a parameter file and not weights."""
    return Path(checkpoint).suffix in SUFFIXES


def read_settings(path: str | Path) -> VlaSettings:
    """Reads a file; paths in it count from its own folder.

    Raises:
        CheckpointError: There is no such file.
        ConfigError: It is not YAML, a key is missing or unknown, or a value does not fit; the
            message names file, key and value.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f'no policy file at {path}: No such file')
    data = read_yaml(path, ConfigError)
    try:
        return _settings(path, Section(data))
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _settings(path: Path, top: Section) -> VlaSettings:
    stack = top.text('stack', choices=STACKS)
    checkpoint = Path()
    if stack != RANDOM:
        checkpoint = path.parent / Path(top.text('checkpoint')).expanduser()
    instruction, normalisation = top.section('instruction'), top.section('normalisation')
    kind = normalisation.text('kind', choices=(NONE,) if stack == RANDOM else tuple(KINDS))
    statistics = normalisation.text('file', '') if kind == NONE else normalisation.text('file')
    settings = VlaSettings(
        path=path,
        stack=stack,
        checkpoint=checkpoint,
        config='' if stack == LEROBOT else top.text('config'),
        tokenizer=_tokenizer(path, top) if stack == LEROBOT else '',
        cameras=top.mapping('cameras', str),
        state=top.mapping('state', int),
        instruction=instruction.text('input'),
        default_instruction=instruction.text('default', ''),
        action=_action(top.section('action')),
        normalisation=kind,
        statistics=checkpoint / Path(statistics).expanduser(),
        device=top.text('device', 'cuda'),
        dtype=top.text('dtype', 'bfloat16', DTYPES),
        compile=top.text('compile', NONE, COMPILE),
    )
    for section in (top, instruction, normalisation):
        section.done()
    if not all(1 <= count <= MOST for count in settings.state.values()):
        raise ConfigError(f'state must say how many numbers, not {shown(dict(settings.state))}')
    _check_names(settings)
    return settings


def _check_names(settings: VlaSettings) -> None:
    """ConfigError if a camera cannot be a topic, or an input is named twice."""
    for name in settings.cameras:
        if not CAMERA.fullmatch(name):
            raise ConfigError(
                f"cameras: '{name}' cannot be part of a topic; our names come first, of letters, "
                "digits and _, the stack's second"
            )
    inputs = Counter([*settings.cameras.values(), *settings.state, settings.instruction])
    name, count = inputs.most_common(1)[0]
    if count > 1:
        raise ConfigError(f"'{name}' is the name of {count} inputs; each has one of its own")


def _tokenizer(path: Path, top: Section) -> str:
    """A folder, if there is one of that name; else as it is, the name of a repository."""
    said = top.text('tokenizer', '')
    folder = path.parent / Path(said).expanduser()
    return str(folder) if said and folder.is_dir() else said


def _action(section: Section) -> ActionSettings:
    action = ActionSettings(
        space=section.text('space', choices=ACTION_SPACES),
        control_hz=section.number('control_hz', 1.0, 1000.0),
        execute_steps=section.whole('execute_steps', 1, 1000),
        delta=section.wholes('delta'),
        steps=section.whole('steps', 0, 1000, default=0),
    )
    section.done()
    return action
