# SPDX-License-Identifier: Apache-2.0
"""What a noise policy is, is fed and belongs to: the JSON beside its weights. Without torch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.documents import parse_json, read_json
from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.identity import UNKNOWN, PolicyInfo, policy_id
from frs_ros.policies.vocabulary import normalise
from frs_ros.text import one_line, shown

FORMAT = 2
LARGEST_SIZE = 4096  # of a layer, an image, a chunk, a list
MOST_LAYERS = 64
DSBC, BC = 'dsbc', 'bc'
REPEATED, CHUNK, CHUNK_NLL, FLOW = 'repeated', 'chunk', 'chunk_nll', 'flow'
# What is learned -> the kind of checkpoint and the method that serves it.
KIND_OF = {REPEATED: DSBC, CHUNK: DSBC, CHUNK_NLL: DSBC, FLOW: BC}


@dataclass(frozen=True)
class Inputs:
    """What the network is fed.

    Attributes:
        cameras: Names, in the order of the encoders.
        image_size: Height and width of the images, pixels.
        state_dim: S of the raw proprioception; 0 for none.
        state_mean: Of the features made of the state (`noise_inputs.state_features`).
        state_std: Likewise.
        instructions: Known sentences, normalised; told to the network if there are several.
    """

    cameras: tuple[str, ...]
    image_size: int
    state_dim: int = 0
    state_mean: tuple[float, ...] = ()
    state_std: tuple[float, ...] = ()
    instructions: tuple[str, ...] = ()

    def instruction_index(self, instruction: str) -> int:
        """Which of the known sentences this is; ConfigError if it is none of them."""
        said = normalise(instruction)
        if said in self.instructions:
            return self.instructions.index(said)
        if len(self.instructions) < 2 and '' in (said, *self.instructions):
            return 0  # nobody says which task it is, and there is only one
        known = "', '".join(self.instructions)
        raise ConfigError(f"it was not trained for '{instruction}', only for '{known}'")


@dataclass(frozen=True)
class Architecture:
    """Sizes of the network.

    Attributes:
        variant: A key of `KIND_OF`.
        encoder: A key of `noise_network.ENCODERS`.
        width: Of the hidden layers.
        layers: How many there are.
        defer: Whether it has learned when to leave the noise to the policy.
    """

    variant: str
    encoder: str
    width: int
    layers: int = 3
    defer: bool = False


@dataclass(frozen=True)
class NoiseDescription:
    """Everything but the weights.

    Attributes:
        generalist: What it belongs to.
        inputs: What it is fed.
        architecture: Sizes.
        action_low: [A] action that becomes -1, in units; only of behaviour cloning.
        action_high: [A] action that becomes 1.
        training: How it was trained, JSON types; the same for the same data, options and seed.
    """

    generalist: PolicyInfo
    inputs: Inputs
    architecture: Architecture
    action_low: tuple[float, ...] = ()
    action_high: tuple[float, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`DSBC` or `BC`."""
        return KIND_OF[self.architecture.variant]

    def check_sizes(self) -> None:
        """ValueError if sizes do not fit each other, or what is needed for them is unbounded."""
        if self.architecture.layers > MOST_LAYERS:
            raise ValueError(f"'layers': {self.architecture.layers}, more than {MOST_LAYERS}")
        if len(self.inputs.cameras) > MOST_LAYERS:
            raise ValueError(f"'cameras': more than {MOST_LAYERS}")
        if len(self.inputs.state_mean) != len(self.inputs.state_std):
            raise ValueError("'state_mean' and 'state_std': of different length")
        ends = np.array([self.action_low, self.action_high], dtype=np.float64)  # of one length
        lengths = {self.generalist.action_dim} | ({0} if self.kind == DSBC else set())
        if ends.shape[1] not in lengths or not (ends[0] < ends[1]).all():
            raise ValueError("'action_low' or 'action_high': no ranges of the actions")

    def to_json(self) -> dict[str, Any]:
        """JSON types; KIND and FORMAT come first."""
        values = {'kind': self.kind, 'format': FORMAT, **asdict(self)}
        return dict(parse_json(json.dumps(values), 'description'))

    @classmethod
    def from_json(cls, values: Mapping[str, Any], path: Path) -> NoiseDescription:
        """Inverse of `to_json`; CheckpointError, naming the file, for everything else."""
        kind, version = values.get('kind'), values.get('format')
        if kind not in (DSBC, BC):
            raise CheckpointError(
                f"{path} describes a '{one_line(kind, 40)}', not what frs train dsbc or "
                'frs train bc writes'
            )
        if version != FORMAT:
            raise CheckpointError(
                f'{path}: format is {shown(version)}, this version reads {FORMAT}'
            )
        try:
            made = cls(
                generalist=_part(PolicyInfo, values['generalist']),
                inputs=_part(Inputs, values['inputs']),
                architecture=_part(Architecture, values['architecture']),
                action_low=tuple(float(v) for v in values['action_low']),
                action_high=tuple(float(v) for v in values['action_high']),
                training=dict(values['training']),
            )
            made.check_sizes()
            if made.kind != kind:
                raise ValueError(f"a '{kind}' cannot be '{made.architecture.variant}'")
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f'{path}: bad or missing entry {error}') from error
        return made


def read_description(path: str | Path) -> NoiseDescription:
    """The JSON of a checkpoint; CheckpointError if there is none or it is of another kind."""
    path = Path(path)
    file = path.with_suffix('.json')
    for needed in (path, file):
        if not needed.is_file():
            raise CheckpointError(
                f"no checkpoint at '{needed}'; frs train dsbc and frs train bc write NAME"
                '.safetensors with NAME.json beside it'
            )
    values = read_json(file, CheckpointError)
    if not isinstance(values, dict):
        raise CheckpointError(f'{file} does not describe a checkpoint')
    return NoiseDescription.from_json(values, file)


def _part(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A dataclass from its JSON, of which every entry must be there and no other."""
    types = {f.name: str(f.type) for f in fields(kind)}
    if not isinstance(values, dict) or (wrong := sorted(types.keys() ^ values.keys())):
        raise ValueError(shown(wrong[0]) if isinstance(values, dict) else shown(values))
    for name, value in values.items():
        if not _FITS[types[name]](value):
            raise ValueError(f"'{name}': {shown(value)}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SIZE


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]


def _is_list(of: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, (list, tuple)) and len(value) <= LARGEST_SIZE and all(map(of, value))
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# Type of an attribute -> whether a value of JSON fits.
_FITS: dict[str, Callable[[object], bool]] = {
    'bool': lambda value: isinstance(value, bool),
    'float': _is_number,
    'int': _is_size,
    'str': _is_text,
    'tuple[float, ...]': _is_list(_is_number),
    'tuple[str, ...]': _is_list(_is_text),
}


def check_generalist(description: NoiseDescription, policy: FlowPolicy, name: str) -> None:
    """ConfigError, one line that begins with `name`, unless it was trained for this policy."""
    spec, wanted = policy.spec, description.generalist
    told = {
        'action space': (wanted.action_space, spec.space),
        'horizon': (wanted.horizon, spec.horizon),
        'action dimension': (wanted.action_dim, spec.action_dim),
        'noise dimension': (wanted.model_dim, spec.model_dim),
        'control rate': (wanted.control_hz, spec.control_hz),
    }
    for what, (theirs, ours) in told.items():
        if theirs != ours:
            raise ConfigError(f'{name} was trained for {what} {theirs}, this policy has {ours}')
    cameras = [camera.name for camera in policy.cameras]
    if missing := [camera for camera in description.inputs.cameras if camera not in cameras]:
        has = ', '.join(cameras) or 'none'
        raise ConfigError(f"{name} looks through camera '{missing[0]}', this policy has {has}")
    identity = policy_id(policy)
    unknown = UNKNOWN in (wanted.policy_id, identity) or description.kind == BC
    if not unknown and wanted.policy_id != identity:
        raise ConfigError(
            f'{name} speaks the noise of policy {wanted.policy_id}, this is policy {identity} '
            '(other weights or normalisation); train it again on data of this policy'
        )
