# SPDX-License-Identifier: Apache-2.0
"""A policy that is sampled in other steps, or asked more or less often, than it was made for."""

from __future__ import annotations

from dataclasses import replace

from frs_ros.errors import ConfigError
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.wrapped import WrappedPolicy
from frs_ros.types import ActionSpec


class AdjustedPolicy(WrappedPolicy):
    """The same policy under another `spec`."""

    def __init__(self, policy: FlowPolicy, spec: ActionSpec) -> None:
        super().__init__(policy)
        self.spec = spec


def adjusted(policy: FlowPolicy, *, replan: int = 0, steps: int = 0) -> FlowPolicy:
    """The policy with other numbers of executed actions and of Euler steps; 0 keeps its own.

    Raises:
        ConfigError: A chunk is shorter than `replan`.
    """
    spec = policy.spec
    if replan > spec.horizon:
        raise ConfigError(
            f'replan {replan} is longer than a chunk; this policy plans {spec.horizon} actions'
        )
    new = replace(spec, execute_steps=replan or spec.execute_steps, steps=steps or spec.steps)
    return policy if new == spec else AdjustedPolicy(policy, new)
