# SPDX-License-Identifier: Apache-2.0
"""Which dimensions of the actions a LeRobot checkpoint knows relative to the state.

pi0 and pi0.5 since LeRobot 0.5. Both `config.json` and the saved preprocessor say it; LeRobot
trains and runs by the preprocessor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.policies.vla.rules import delta_mask
from frs_ros.policies.vla.settings import VlaSettings, action_dim


def check_relative(settings: VlaSettings, config: Any, preprocess: Any) -> None:
    """ConfigError if `action.delta` is not what the checkpoint says, or it contradicts itself.

    Args:
        settings: The policy file.
        config: Configuration of the checkpoint.
        preprocess: Its preprocessor; looked into as far as its steps can be seen.
    """
    count = action_dim(settings.action.space)
    found = _of_config(config, count)
    steps = getattr(preprocess, 'steps', None)
    if steps is not None and (run := _of_steps(steps, count)) != found:
        raise ConfigError(
            f'{settings.path}: config.json of the checkpoint makes dimensions {found} relative, '
            f'its policy_preprocessor.json {run}; fix the one that is not how it was trained'
        )
    delta = settings.action.delta
    said = np.flatnonzero(delta_mask(delta, sum(abs(n) for n in delta))).tolist()
    if said != found:
        raise ConfigError(
            f'{settings.path}: action.delta makes dimensions {said} relative, but the checkpoint '
            f'has {found}'
        )


def _of_config(config: Any, count: int) -> list[int]:
    if not getattr(config, 'use_relative_actions', False):
        return []
    excluded = getattr(config, 'relative_exclude_joints', None)
    return relative_dims(count, excluded, getattr(config, 'action_feature_names', None))


def _of_steps(steps: Sequence[Any], count: int) -> list[int]:
    for step in steps:
        if hasattr(step, 'exclude_joints') and getattr(step, 'enabled', False):
            return relative_dims(count, step.exclude_joints, getattr(step, 'action_names', None))
    return []


def relative_dims(
    count: int, excluded: Sequence[str] | None, names: Sequence[str] | None
) -> list[int]:
    """Indices of the relative dimensions, by LeRobot's rule.

    A dimension stays absolute if a part of its name is excluded, upper and lower case alike.
    Without names all are relative, whatever is excluded.

    Args:
        count: How many dimensions there are.
        excluded: Parts of names; empty ones do not count.
        names: Of the dimensions, as the data set has them; those beyond its end are relative.
    """
    parts = [str(part).lower() for part in excluded or () if part]
    spelled = [str(name).lower() for name in (names or ())[:count]]
    absolute = {i for i, name in enumerate(spelled) if any(part in name for part in parts)}
    return [i for i in range(count) if i not in absolute]
