# SPDX-License-Identifier: Apache-2.0
"""Who decides about which action dimension: the operator or the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.arm.units import JOINTS
from frs_ros.errors import ConfigError, choose
from frs_ros.guidance.references.direction import GRIPPER, ROTATION, TRANSLATION, dimensions
from frs_ros.messages.wish import Wish
from frs_ros.steering.wished import wished
from frs_ros.text import shown
from frs_ros.types import ActionSpec

ALL, MOTION, WISHED = 'all', 'motion', 'wished'
GROUPS = {'translation': TRANSLATION, 'rotation': ROTATION, 'joints': JOINTS}


@dataclass(frozen=True)
class Ownership:
    """The dimensions whose noise comes from the reference; all others keep the policy's own.

    The padding is nobody's wish and always the policy's.

    Attributes:
        names: Of 'all'; 'motion', everything but a gripper that nobody wishes about; 'wished',
            what the guidance speaks of; 'translation', 'rotation', 'joints'; and names of single
            dimensions such as 'gripper'. Several are united.
    """

    names: tuple[str, ...] = (ALL,)

    @classmethod
    def of(cls, names: str | Sequence[str]) -> Ownership:
        """From an option: a name or a list of them; ConfigError for anything else."""
        listed = (names,) if isinstance(names, str) else names
        words = isinstance(listed, Sequence) and all(isinstance(name, str) for name in listed)
        if not words or not listed:
            raise ConfigError(
                f"operator must be names such as ['translation'], not {shown(names)}"
            )
        return cls(tuple(listed))

    def check(self, spec: ActionSpec) -> None:
        """ConfigError if a name means nothing to the policy."""
        groups = [group for group, names in GROUPS.items() if set(names) <= set(spec.names)]
        for name in self.names:
            choose('operator', name, [ALL, MOTION, WISHED, *groups, *spec.names])

    def owned(self, guidance: Wish, spec: ActionSpec) -> np.ndarray:
        """[D] bool, the operator's dimensions; ConfigError if the policy lacks one of them."""
        mask = np.zeros(spec.model_dim, dtype=bool)
        for name in self.names:
            mask[self._dims(name, guidance, spec)] = True
        return mask

    def _dims(self, name: str, guidance: Wish, spec: ActionSpec) -> list[int]:
        if name == WISHED:
            return wished(guidance, spec)
        if name == ALL:
            return list(range(spec.action_dim))
        if name == MOTION:
            arm = [n for n in spec.names if n != GRIPPER]
            return sorted({*spec.indices(*arm), *wished(guidance, spec)})
        return dimensions(spec, *GROUPS.get(name, (name,)))
