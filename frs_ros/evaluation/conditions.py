# SPDX-License-Identifier: Apache-2.0
"""Under what conditions a method is evaluated: who guides, what the policy is told, how often."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.guidance.oracle import OracleSettings
from frs_ros.steering.checks import fraction, positive
from frs_ros.text import shown

ORACLE, NONE, RANDOM = 'oracle', 'none', 'random'
GUIDANCES = (ORACLE, NONE, RANDOM)
FLIPPED = 'flipped'
WRONG_KINDS = (FLIPPED, RANDOM)
TASK, RIGHT = 'task', 'right'
INSTRUCTIONS = (TASK, NONE, RIGHT)
MAX_NEAR_TARGET = 0.1


@dataclass(frozen=True)
class Conditions:
    """Conditions that may differ between the methods of one evaluation.

    Attributes:
        guidance: 'oracle'; 'none'; or 'random', the oracle's timing, speed and gripper with a
            coarse direction drawn for each chunk, the control for what the direction is worth.
        wrong: Probability per chunk that the oracle's direction is wrong.
        wrong_kind: 'flipped', the opposite direction, or 'random', any coarse direction.
        instruction: 'task' gives the policy the task's words, 'none' withholds them; 'right' is
            'task' where the policy knows these words, and refused elsewhere: the upper bound.
        replan: Actions of a chunk to execute before the next plan; 0 for the policy's own number.
        steps: Euler steps of the sampler; 0 for the policy's own number.
        near_target: `OracleSettings.near_target`, m: smaller for a more careful operator.
    """

    guidance: str = ORACLE
    wrong: float = 0.0
    wrong_kind: str = FLIPPED
    instruction: str = TASK
    replan: int = 0
    steps: int = 0
    near_target: float = OracleSettings.near_target

    def __post_init__(self) -> None:
        choose('guidance', self.guidance, GUIDANCES)
        choose('kind of wrong guidance', self.wrong_kind, WRONG_KINDS)
        choose('instruction', self.instruction, INSTRUCTIONS)
        if fraction('wrong', self.wrong) and self.guidance != ORACLE:
            raise ConfigError(f'wrong is about oracle guidance, but guidance is {self.guidance}')
        if positive('near_target', self.near_target) > MAX_NEAR_TARGET:
            raise ConfigError(
                f'near_target must be at most {MAX_NEAR_TARGET} m, not {self.near_target}'
            )
        for name in ('replan', 'steps'):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigError(
                    f"{name} must be a whole number from 1, or 0 for the policy's own, "
                    f'not {shown(value)}'
                )

    def changes(self) -> dict[str, Any]:
        """What differs from the default conditions."""
        values = {name: value for name, value in asdict(self).items() if value != DEFAULTS[name]}
        if not self.wrong:
            values.pop('wrong_kind', None)  # of no consequence
        return values


DEFAULTS = {field.name: field.default for field in fields(Conditions)}
