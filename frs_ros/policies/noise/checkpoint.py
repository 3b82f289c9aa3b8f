# SPDX-License-Identifier: Apache-2.0
"""Noise policies on disk: `NAME.safetensors` and `NAME.json` beside it, never pickle."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import save

from frs_ros.errors import CheckpointError
from frs_ros.files import write_atomically
from frs_ros.policies.noise.description import BC, DSBC, NoiseDescription, read_description
from frs_ros.policies.noise.network import ENCODERS
from frs_ros.policies.noise.policy import ClonedPolicy, DistilledNetwork, NoisePolicy
from frs_ros.policies.weights import load_network

KINDS: dict[str, type[Any]] = {DSBC: NoisePolicy, BC: ClonedPolicy}
P = TypeVar('P', NoisePolicy, ClonedPolicy)

_Version = tuple[tuple[int, int], ...]
_LOADED: dict[Path, tuple[_Version, Any]] = {}
_LOCK = threading.Lock()


def save_noise_policy(
    network: DistilledNetwork, description: NoiseDescription, path: str | Path
) -> Path:
    """Writes weights and description; each file appears whole or not at all.

    Raises:
        CheckpointError: The name does not end in `.safetensors` or cannot be written.
    """
    path = Path(path)
    if path.suffix != '.safetensors':
        raise CheckpointError(f"checkpoint name must end in .safetensors, not '{path.name}'")
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    text = json.dumps(description.to_json(), indent=1) + '\n'
    try:
        for file, data in ((path, save(weights)), (path.with_suffix('.json'), text.encode())):
            write_atomically(file, data)
    except OSError as error:
        raise CheckpointError(f'cannot write checkpoint {path}: {error.strerror}') from error
    return path


def load_noise_policy(path: str | Path, kind: type[P]) -> P:
    """Loads a checkpoint; unchanged files are read once per process, from any thread.

    Args:
        path: Of the weights.
        kind: `NoisePolicy` or `ClonedPolicy`.

    Raises:
        CheckpointError: It is missing, truncated, of another kind or shape, or not finite.
    """
    path = Path(path)
    read_description(path)  # says what is missing
    with _LOCK:
        version, file = _version(path), path.resolve()
        if file not in _LOADED or _LOADED[file][0] != version:
            _LOADED[file] = version, _load(path)
        made = _LOADED[file][1]
    if not isinstance(made, kind):
        wanted = next(name for name, class_ in KINDS.items() if class_ is kind)
        raise CheckpointError(
            f"{path} was written by frs train {made.description.kind}, method '{wanted}' needs "
            f'one of frs train {wanted}'
        )
    return made


def _version(path: Path) -> _Version:
    stats = (path.stat(), path.with_suffix('.json').stat())
    return tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)


def _load(path: Path) -> NoisePolicy | ClonedPolicy:
    description = read_description(path)
    if description.architecture.encoder not in ENCODERS:
        raise CheckpointError(
            f"{path.with_suffix('.json')}: unknown encoder '{description.architecture.encoder}'"
        )
    network = load_network(path, lambda: DistilledNetwork(description))
    made: NoisePolicy | ClonedPolicy = KINDS[description.kind](network, description, str(path))
    made.warm_up()
    return made
