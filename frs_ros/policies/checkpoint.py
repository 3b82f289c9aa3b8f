# SPDX-License-Identifier: Apache-2.0
"""Policies by name or path; the small generalist's own files, which are never pickle.

`NAME.safetensors` holds the weights in float16 (computed in float32 after loading), `NAME.json`
what they mean: spec, cameras, instructions, normalisation and how they were trained.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save

from frs_ros.documents import parse_json
from frs_ros.errors import CheckpointError
from frs_ros.files import write_atomically
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.description import FORMAT, KIND, read_metadata, resolve
from frs_ros.policies.mini import MINI_SPEC, MiniPolicy, make_network
from frs_ros.policies.mini_network import PROPRIO_DIM
from frs_ros.policies.normalisation import Normalisation
from frs_ros.policies.random_droid import NAME as RANDOM_DROID
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.policies.vla.load import load_vla
from frs_ros.policies.vla.settings import is_policy_file
from frs_ros.policies.vocabulary import Vocabulary
from frs_ros.policies.weights import load_network
from frs_ros.types import CARTESIAN_DELTA


def _description(policy: MiniPolicy) -> dict[str, Any]:
    """What the weights mean, as JSON types."""
    described = {
        'format': FORMAT,
        'kind': KIND,
        'spec': asdict(policy.spec),
        'cameras': [asdict(camera) for camera in policy.cameras],
        'instructions': list(policy.vocabulary.instructions),
        'normalisation': policy.normalisation.to_json(),
    }
    # tuples become lists, as they will be read
    return dict(parse_json(json.dumps(described), 'description'))


def save_policy(policy: MiniPolicy, path: str | Path, metadata: Mapping[str, Any]) -> Path:
    """Writes `path` and the JSON beside it.

    Args:
        policy: What to save.
        path: File name ending in `.safetensors`.
        metadata: How the policy was trained, JSON types.

    Returns:
        The path of the weights.

    Raises:
        CheckpointError: If the name does not end in `.safetensors` or cannot be written.
    """
    path = Path(path)
    if path.suffix != '.safetensors':
        raise CheckpointError(f"checkpoint name must end in .safetensors, not '{path.name}'")
    weights = {k: v.half().contiguous() for k, v in policy.network.state_dict().items()}
    text = json.dumps({**_description(policy), 'training': dict(metadata)}, indent=1)
    try:
        write_atomically(path, save(weights))
        write_atomically(path.with_suffix('.json'), text + '\n')
    except OSError as e:
        raise CheckpointError(f'cannot write checkpoint {path}: {e.strerror}') from e
    return path


def load_policy(checkpoint: str | Path) -> FlowPolicy:
    """Loads a policy.

    Args:
        checkpoint: 'mini' or 'mini_libero', which are shipped, 'random_droid' for random weights
            of the shape of pi0.5-DROID, a `.yaml` file for a pi0, pi0.5 or SmolVLA
            (`vla.settings`), else a `.safetensors` file with its JSON beside it.

    Raises:
        CheckpointError: If it is missing, truncated, of another kind or shape, or not finite.
        ConfigError: If a parameter file does not fit.
        DependencyError: If the library that a parameter file needs is not installed.
    """
    if str(checkpoint) == RANDOM_DROID:
        return RandomDroidPolicy()
    if is_policy_file(checkpoint):
        return load_vla(checkpoint)
    path = resolve(checkpoint)
    description = read_metadata(path)
    try:
        vocabulary = Vocabulary(_sentences(description['instructions']))
        normalisation = Normalisation.from_json(description['normalisation'])
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise CheckpointError(f'{path.with_suffix(".json")}: bad or missing entry {e}') from e
    network = load_network(path, lambda: make_network(vocabulary))
    policy = MiniPolicy(network, normalisation, vocabulary)
    _check_description(path, description, policy)
    return policy


def _sentences(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError('instructions: no list of sentences')
    return values


def _check_description(path: Path, description: Mapping[str, Any], policy: MiniPolicy) -> None:
    """CheckpointError unless spec, cameras and normalisation are what this code computes."""
    wanted = _description(policy)
    for key in ('spec', 'cameras'):
        said = description.get(key)
        if key == 'spec' and isinstance(said, dict):
            said = {'space': CARTESIAN_DELTA, **said}  # unsaid in older checkpoints
        if said != wanted[key]:
            raise CheckpointError(
                f'{path.with_suffix(".json")}: {key} is not that of this version'
            )
    normalisation = policy.normalisation.to_json()
    lengths = {'action_low': MINI_SPEC.action_dim, 'action_high': MINI_SPEC.action_dim}
    for name, values in normalisation.items():
        if len(values) != lengths.get(name, PROPRIO_DIM):
            raise CheckpointError(f'{path.with_suffix(".json")}: {name} has {len(values)} numbers')
