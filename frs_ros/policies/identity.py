# SPDX-License-Identifier: Apache-2.0
"""Which policy a noise belongs to: noise means nothing to another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from frs_ros.policies.base import FlowPolicy, Identified
from frs_ros.types import ActionSpec

UNKNOWN = ''
_DIGITS = 16
_BLOCK, _BLOCKS = 1 << 14, 64  # bytes, and how many of them stand for a file
_LOADED = ('.safetensors', '.json', '.yaml', '.yml')  # what openpi and LeRobot read
_RECORDS = ('train_config.json',)  # how LeRobot trained; nobody reads it to run the policy
_OF_SAMPLING = ('steps', 'execute_steps')  # how a policy is used, not which one it is


@dataclass(frozen=True)
class PolicyInfo:
    """A policy as datasets and noise policies know it; see `types.ActionSpec`.

    Attributes:
        policy_id: 16 hex digits, see `policy_id`; `UNKNOWN` if the policy did not say.
        horizon: H, actions per chunk.
        action_dim: A, numbers per action.
        model_dim: D, width of the policy's model space.
        action_space: One of `types.ACTION_SPACES`.
        control_hz: Rate of the actions.
    """

    policy_id: str
    horizon: int
    action_dim: int
    model_dim: int
    action_space: str
    control_hz: float


def policy_id(policy: FlowPolicy) -> str:
    """16 hex digits, the same for the same policy on every machine; `UNKNOWN` if it has none.

    Those that are `Identified` have one. How many steps its sampler makes and how many
    actions are executed does not count.
    """
    return policy.identity if isinstance(policy, Identified) else UNKNOWN


def policy_info(policy: FlowPolicy) -> PolicyInfo:
    """What there is to know of a policy."""
    spec = policy.spec
    return PolicyInfo(
        policy_id(policy),
        spec.horizon,
        spec.action_dim,
        spec.model_dim,
        spec.space,
        float(spec.control_hz),
    )


def fingerprint(parts: Iterable[str | bytes]) -> str:
    """16 hex digits of the SHA-256 of the parts, of which each counts with its length."""
    sums = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sums.update(len(data).to_bytes(8, 'little'))
        sums.update(data)
    return sums.hexdigest()[:_DIGITS]


def of_spec(spec: ActionSpec) -> str:
    """What of a spec makes a policy another one."""
    return repr(sorted((k, v) for k, v in asdict(spec).items() if k not in _OF_SAMPLING))


def of_folder(folder: Path) -> list[str]:
    """Names, sizes and samples of the files that make a policy: gigabytes are not read for this.

    Those are weights, configurations and statistics, by the ends of their names. Hidden files and
    folders do not count, such as what a hub's client leaves behind with the time of the download,
    nor do model cards, images or the state of an optimiser.
    """
    files = sorted(path for path in folder.rglob('*') if _counts(path.relative_to(folder)))
    return [
        f'{path.relative_to(folder).as_posix()} {path.stat().st_size} {_sampled(path)}'
        for path in files
        if path.is_file()
    ]


def _counts(path: Path) -> bool:
    """Whether a file of this name, relative to the checkpoint, makes the policy."""
    hidden = any(part.startswith('.') for part in path.parts)
    return not hidden and path.suffix in _LOADED and path.name not in _RECORDS


def _sampled(path: Path) -> str:
    """Of blocks from a file's beginning to its end: training changes all of them."""
    last = max(path.stat().st_size - _BLOCK, 0)
    sums = hashlib.sha256()
    with path.open('rb') as file:
        for index in range(_BLOCKS):
            file.seek(last * index // (_BLOCKS - 1))
            sums.update(file.read(_BLOCK))
    return sums.hexdigest()[:_DIGITS]
