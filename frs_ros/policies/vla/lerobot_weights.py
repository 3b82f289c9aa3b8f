# SPDX-License-Identifier: Apache-2.0
"""Whether LeRobot has loaded the weights of a folder.

Its loaders of pi0 and pi0.5 print that they could not and return random weights; that of SmolVLA
leaves random what the file lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from frs_ros.errors import CheckpointError

WEIGHTS = 'model.safetensors'  # LeRobot reads no other file, and no shards
ADAPTER = 'adapter_config.json'
SMALL = 1 << 16  # up to so many numbers a tensor is compared number by number
ROUNDING = 2**-7  # relative; bfloat16 keeps 8 bits
# Filled by the loader of pi0 and pi0.5 from a tensor of another name.
_COPIED = {
    'paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight': (
        'paligemma_with_expert.paligemma.lm_head.weight'
    )
}
_HEAD = 'lm_head.weight'  # of words; no action comes from it, so either side may lack it
_SURPLUS = 'state_proj.'  # pi0.5 has none; its loader skips it


def check_files(folder: Path) -> None:
    """CheckpointError unless there are whole weights, not an adapter for some others."""
    if (folder / ADAPTER).is_file():
        raise adapter_error(folder)
    if not (folder / WEIGHTS).is_file():
        raise CheckpointError(
            f'no {WEIGHTS} in {folder}: LeRobot would go on with random weights; download or copy '
            'the whole folder of the checkpoint'
        )


def adapter_error(folder: Path) -> CheckpointError:
    """Says how an adapter becomes a checkpoint."""
    return CheckpointError(
        f'{folder} is an adapter (PEFT, LoRA) and not whole weights; merge it into its base with '
        f'merge_and_unload() of peft, save that policy, and remove {ADAPTER} and use_peft'
    )


def check_loaded(weights: Mapping[str, Tensor], folder: Path) -> None:
    """Compares names and shapes of all tensors, and the numbers of small ones up to rounding.

    Args:
        weights: `state_dict` of the policy.
        folder: Where it was loaded from.

    Raises:
        CheckpointError: The file is damaged, or the weights are not those in it.
    """
    path = folder / WEIGHTS
    own = {_plain(name): tensor for name, tensor in weights.items()}
    try:
        with safe_open(path, framework='pt') as file:
            complaint = _complaint(own, file)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f'{path} is truncated or not a safetensors file: {error}') from error
    if complaint:
        raise CheckpointError(
            f'LeRobot has not loaded {path}: {complaint}; it goes on with random weights then. '
            'Does config.json belong to it, and is this the release that wrote it? See '
            "LeRobot's own lines above"
        )


def _plain(name: str) -> str:
    """Without the first 'model.', which files converted from openpi lack."""
    return name.removeprefix('model.')


def _complaint(own: Mapping[str, Tensor], file: Any) -> str:
    """What is the first difference, '' if there is none."""
    names = {_plain(key): key for key in list(file.keys())}
    if missing := sorted(_missing(own, names)):
        return f'{len(missing)} of {len(own)} tensors are not in the file, such as {missing[0]}'
    if strange := sorted(_strange(own, names)):
        return f'the model has no {strange[0]}'
    for name, key in names.items():
        if name not in own:
            continue
        shape, wanted = list(own[name].shape), list(file.get_slice(key).get_shape())
        if shape != wanted:
            return f'{name} is {shape} in the model and {wanted} in the file'
        if own[name].numel() <= SMALL and not _same(own[name], file.get_tensor(key)):
            return f'{name} has other numbers in the model than in the file'
    return ''


def _missing(own: Mapping[str, Tensor], names: Iterable[str]) -> set[str]:
    """Tensors that are not in the file, nor share memory with one that is, nor are its copy."""
    held = {name: own[name] for name in names if name in own}
    places = {_place(tensor) for tensor in held.values()}
    missing = {name for name in own if name not in held and _place(own[name]) not in places}
    for name, source in _COPIED.items():
        if name in missing and source in held and torch.equal(own[name], held[source]):
            missing.remove(name)
    return {name for name in missing if not name.endswith(_HEAD)}


def _strange(own: Mapping[str, Tensor], names: Iterable[str]) -> set[str]:
    """Tensors of the file that the model has no place for."""
    surplus = {name for name in names if name not in own}
    return {n for n in surplus if not (n.endswith(_HEAD) or n.startswith(_SURPLUS))}


def _place(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.device, tensor.data_ptr(), tensor.shape


def _same(own: Tensor, wanted: Tensor) -> bool:
    own, wanted = (tensor.detach().cpu().float() for tensor in (own, wanted))
    return bool(torch.isclose(own, wanted, rtol=ROUNDING, atol=1e-30, equal_nan=True).all())
