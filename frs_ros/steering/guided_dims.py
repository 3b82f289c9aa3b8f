# SPDX-License-Identifier: Apache-2.0
"""Guided dimensions: which dimensions of an action follow the reference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.arm.units import JOINTS
from frs_ros.errors import ConfigError, choose
from frs_ros.guidance.references.direction import GRIPPER, ROTATION, TRANSLATION, dimensions
from frs_ros.messages.any_guidance import AnyGuidance, Part
from frs_ros.text import shown
from frs_ros.types import CARTESIAN_DELTA, ActionSpec

ALL, MOTION, GUIDED = 'all', 'motion', 'guided'
OLD_NAMES = {'wished': GUIDED}  # until 0.2
GROUPS = {'translation': TRANSLATION, 'rotation': ROTATION, 'joints': JOINTS}
_CARTESIAN = {Part.TRANSLATION: TRANSLATION, Part.ROTATION: ROTATION}


def guided_dims(guidance: AnyGuidance, spec: ActionSpec) -> list[int]:
    """Positions of the dimensions that active guidance is about.

    In joint space every joint is needed for a motion of the tool.
    """
    names: list[str] = []
    if spec.space == CARTESIAN_DELTA:
        names += [n for part, group in _CARTESIAN.items() if part in guidance.parts for n in group]
    elif guidance.parts - {Part.GRIPPER}:
        names += JOINTS
    if Part.GRIPPER in guidance.parts:
        names.append(GRIPPER)
    return dimensions(spec, *names)


@dataclass(frozen=True)
class Mask:
    """Dimensions whose noise comes from the reference; all others keep the policy's own.

    Padding dimensions are never guided.

    Attributes:
        names: Of 'all'; 'motion', everything but a gripper that the guidance does not mention;
            'guided', what the guidance is about; 'translation', 'rotation', 'joints'; and names of
            single dimensions such as 'gripper'. Several are united.
    """

    names: tuple[str, ...] = (ALL,)

    @classmethod
    def of(cls, names: str | Sequence[str]) -> Mask:
        """From an option: a name or a list of them; ConfigError for anything else."""
        listed = (names,) if isinstance(names, str) else names
        words = isinstance(listed, Sequence) and all(isinstance(name, str) for name in listed)
        if not words or not listed:
            raise ConfigError(
                f"operator must be names such as ['translation'], not {shown(names)}"
            )
        for name in set(listed) & set(OLD_NAMES):
            new = OLD_NAMES[name]
            warnings.warn(f"'{name}' is called '{new}' now", FutureWarning, stacklevel=2)
        return cls(tuple(OLD_NAMES.get(name, name) for name in listed))

    def check(self, spec: ActionSpec) -> None:
        """ConfigError if a name means nothing to the policy."""
        groups = [group for group, names in GROUPS.items() if set(names) <= set(spec.names)]
        for name in self.names:
            choose('operator', name, [ALL, MOTION, GUIDED, *groups, *spec.names])

    def guided(self, guidance: AnyGuidance, spec: ActionSpec) -> np.ndarray:
        """[D] bool, the guided dimensions; ConfigError if the policy lacks one of them."""
        mask = np.zeros(spec.model_dim, dtype=bool)
        for name in self.names:
            mask[self._dims(name, guidance, spec)] = True
        return mask

    def _dims(self, name: str, guidance: AnyGuidance, spec: ActionSpec) -> list[int]:
        if name == GUIDED:
            return guided_dims(guidance, spec)
        if name == ALL:
            return list(range(spec.action_dim))
        if name == MOTION:
            arm = [n for n in spec.names if n != GRIPPER]
            return sorted({*spec.indices(*arm), *guided_dims(guidance, spec)})
        return dimensions(spec, *GROUPS.get(name, (name,)))
