# SPDX-License-Identifier: Apache-2.0
"""Which chunks may be executed at all. Refused whole: half a chunk is not a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from frs_ros.errors import ConfigError, choose
from frs_ros.messages.plan import ActionChunk
from frs_ros.safety.rejected import Rejected
from frs_ros.types import ACTION_SPACES

_SAME_RATE = 1e-6  # relative
_ROUNDING = 1e-6  # s


@dataclass(frozen=True)
class AdmissionRules:
    """What a chunk has to be.

    Attributes:
        space: One of `types.ACTION_SPACES`.
        action_dim: A, numbers per action.
        control_hz: Rate of the actions.
        episode_id: Of the running episode; '' lets none in.
        last_request_id: Of the newest chunk taken in this episode, None before the first.
        grace: s that a chunk may be older than it is long.
        ahead: s that its stamp may be in the future: what clocks differ by.
        span: s that its actions may last together.
        execution: s that those of them may last that are executed before the next chunk.

    Raises:
        ConfigError: From the constructor; names the rule.
    """

    space: str
    action_dim: int
    control_hz: float
    episode_id: str
    last_request_id: int | None = None
    grace: float = 0.0
    ahead: float = 0.05
    span: float = 4.0
    execution: float = 2.0

    def __post_init__(self) -> None:
        choose('action space', self.space, ACTION_SPACES)
        if self.action_dim < 1:
            raise ConfigError(f'action_dim must be 1 or more, not {self.action_dim}')
        if not 0 < self.control_hz < math.inf:
            raise ConfigError(f'control_hz must be positive, not {self.control_hz}')
        for name in ('grace', 'ahead'):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f'{name} must be 0 s or more, not {getattr(self, name)}')
        for name in ('span', 'execution'):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f'{name} must be positive, not {getattr(self, name)}')


def admit(chunk: ActionChunk, now_ns: int, rules: AdmissionRules) -> None:
    """Returns if the chunk may be executed.

    Args:
        chunk: As received; nothing about it is taken for granted.
        now_ns: Present time on the clock of its stamp.
        rules: What it has to be.

    Raises:
        Rejected: It may not; the reason is one line that begins with the chunk's number.
    """
    reason = (
        _order(chunk, rules)
        or _meaning(chunk, rules)
        or _content(chunk, rules)
        or _age(chunk, now_ns, rules)
    )
    if reason:
        raise Rejected(f'chunk {chunk.request_id}: {reason}')


def _order(chunk: ActionChunk, rules: AdmissionRules) -> str:
    if not rules.episode_id:
        return 'no episode is running'
    if chunk.episode_id != rules.episode_id:
        return f"is of episode '{chunk.episode_id}', not of '{rules.episode_id}'"
    last = rules.last_request_id
    if last is not None and chunk.request_id <= last:
        return f'comes after chunk {last}, which was taken already'
    return ''


def _meaning(chunk: ActionChunk, rules: AdmissionRules) -> str:
    if chunk.space != rules.space:
        return f"is in action space '{chunk.space}'; this controller executes '{rules.space}'"
    # written so that NaN fails
    if not abs(chunk.control_hz - rules.control_hz) <= _SAME_RATE * rules.control_hz:
        return f'is for {chunk.control_hz:g} Hz; this controller runs at {rules.control_hz:g} Hz'
    return ''


def _content(chunk: ActionChunk, rules: AdmissionRules) -> str:
    actions = chunk.actions
    if not isinstance(actions, np.ndarray) or actions.dtype != np.float64:
        kind = getattr(actions, 'dtype', type(actions).__name__)
        return f'its actions are {kind}, not float64'
    if actions.ndim != 2 or actions.shape[1] != rules.action_dim:
        return f'its actions have shape {list(actions.shape)}, not [H, {rules.action_dim}]'
    if not len(actions):
        return 'is empty'
    if not np.isfinite(actions).all():
        row, column = np.argwhere(~np.isfinite(actions))[0]
        return f'action {row} has {actions[row, column]} at position {column}'
    if not 1 <= chunk.execute_steps <= len(actions):
        return f'execute_steps is {chunk.execute_steps}, not within 1 .. {len(actions)}'
    span, execution = (n / rules.control_hz for n in (len(actions), chunk.execute_steps))
    if span > rules.span + _ROUNDING:
        return f'lasts {span:.2f} s, more than {rules.span:g} s (parameter chunk_span)'
    if execution > rules.execution + _ROUNDING:
        return (
            f'would be executed for {execution:.2f} s without a new one, more than '
            f'{rules.execution:g} s (parameter chunk_execution)'
        )
    return ''


def _age(chunk: ActionChunk, now_ns: int, rules: AdmissionRules) -> str:
    age = (now_ns - chunk.stamp_ns) * 1e-9
    longest = len(chunk.actions) / rules.control_hz + rules.grace
    if age > longest:
        return f'is stale: its observation is {age:.2f} s old, more than {longest:.2f} s'
    if age < -rules.ahead:
        return f'is from the future: its observation will be made in {-age:.2f} s'
    return ''
