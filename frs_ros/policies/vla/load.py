# SPDX-License-Identifier: Apache-2.0
"""A large policy from its parameter file."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from frs_ros.errors import ConfigError
from frs_ros.policies.identity import fingerprint, of_spec
from frs_ros.policies.vla.compiled import compiler
from frs_ros.policies.vla.policy import VlaPolicy
from frs_ros.policies.vla.rules import NONE, ActionRules, action_rules, delta_mask
from frs_ros.policies.vla.settings import (
    LEROBOT,
    OPENPI,
    VlaSettings,
    action_names,
    read_settings,
)
from frs_ros.policies.vla.stack import Stack
from frs_ros.policies.vla.statistics import action_statistics
from frs_ros.types import JOINT_POSITION, JOINT_VELOCITY, ActionSpec

_LOG = logging.getLogger(__name__)
JOINT_UNITS = {JOINT_POSITION: 'rad', JOINT_VELOCITY: 'rad/s'}


def load_vla(path: str | Path) -> VlaPolicy:
    """Loads what the file names, with the stack's own library.

    Raises:
        ConfigError: The file does not fit itself, this machine or the checkpoint.
        CheckpointError: File, weights or statistics are missing or refused.
        DependencyError: The stack's library is not installed.
    """
    return make_vla(read_settings(path))


def make_vla(settings: VlaSettings) -> VlaPolicy:
    """Loads what settings name; see `load_vla`."""
    _check_device(settings)
    stack = _open(settings)
    spec = action_spec(settings, stack)
    try:
        rules = _rules(settings, stack, spec)
    except ConfigError as error:
        raise ConfigError(f'{settings.path}: {error}') from error
    _warn_of_narrow(settings, rules, spec)
    return VlaPolicy(
        stack,
        spec,
        rules,
        compiled=compiler(settings.compile),
        identity=_identity(settings, spec, rules),
    )


def _identity(settings: VlaSettings, spec: ActionSpec, rules: ActionRules) -> str:
    """Of the files and everything that decides what noise means; not of device and precision."""
    mapped = [dict(settings.cameras), dict(settings.state), settings.default_instruction]
    return fingerprint(
        [
            *(settings.stack, settings.config, repr(mapped), of_spec(spec)),
            *(array.tobytes() for array in (rules.offset, rules.scale, rules.relative)),
            *settings.weight_fingerprints(),
        ]
    )


def action_spec(settings: VlaSettings, stack: Stack) -> ActionSpec:
    """Meaning of the chunks; ConfigError if more is to be executed than there is."""
    action = settings.action
    names = action_names(action.space)
    if action.execute_steps > stack.horizon or len(names) > stack.model_dim:
        raise ConfigError(
            f'{settings.path}: action.execute_steps is {action.execute_steps}, but chunks of '
            f'{stack.name} are {stack.horizon} x {stack.model_dim}'
        )
    unit = JOINT_UNITS.get(action.space, '1')
    return ActionSpec(
        horizon=stack.horizon,
        action_dim=len(names),
        model_dim=stack.model_dim,
        control_hz=action.control_hz,
        names=names,
        units=(*(unit,) * (len(names) - 1), '1'),
        steps=action.steps or stack.steps,
        execute_steps=action.execute_steps,
        space=action.space,
    )


def _open(settings: VlaSettings) -> Stack:
    if settings.stack == OPENPI:
        from frs_ros.policies.vla.openpi import open_openpi

        return open_openpi(settings)
    if settings.stack == LEROBOT:
        from frs_ros.policies.vla.lerobot import open_lerobot

        return open_lerobot(settings)
    from frs_ros.policies.vla.random_pi05 import open_random

    return open_random(settings)


def _rules(settings: VlaSettings, stack: Stack, spec: ActionSpec) -> ActionRules:
    relative = delta_mask(settings.action.delta, spec.action_dim)
    if relative.any() and sum(settings.state.values()) < spec.action_dim:
        raise ConfigError('action.delta needs a state that begins with the same dimensions')
    kind = settings.normalisation
    statistics = {} if kind == NONE else action_statistics(settings.statistics)
    return action_rules(kind, statistics, stack.epsilon, relative, spec.model_dim)


def _warn_of_narrow(settings: VlaSettings, rules: ActionRules, spec: ActionSpec) -> None:
    """One line about dimensions in which an ordinary action is far outside the training."""
    narrow = [f'{spec.names[i]} (1 is {1 / rules.scale[i]:.3g})' for i in rules.narrow()]
    if narrow:
        _LOG.warning(
            f'{settings.path}: by {settings.statistics.name} training hardly moved '
            f'{", ".join(narrow)} in model space; guidance about it is beyond what the policy '
            'knows: are these the statistics of this robot?'
        )


def _check_device(settings: VlaSettings) -> None:
    try:
        torch.zeros(1, device=settings.device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise ConfigError(
            f"{settings.path}: device '{settings.device}' cannot be used ({why}); try cpu"
        ) from error
