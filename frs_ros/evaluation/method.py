# SPDX-License-Identifier: Apache-2.0
"""A steering method with its settings, as users write it: `frs[strength=0.5]@0.5`.

    METHODS := METHOD {',' METHOD}
    METHOD  := NAME ['[' OPTION {',' OPTION} ']'] ['@' MAGNITUDE]
    OPTION  as in `steering.options`

An option is one of the method (`steering.registry`) or a condition (`conditions.Conditions`) that
is to differ from that of the other methods. `{task}` and `{target}` in a path stand for those of
the episode: what was learned for one task only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.evaluation.conditions import DEFAULTS, NONE, Conditions
from frs_ros.steering.base import Steerer
from frs_ros.steering.options import parse_options, split_outside, written_options
from frs_ros.steering.registry import ALL_METHODS, LEARNED, make_steerer

UNSTEERED = 'base'
# What the unsteered policy, which follows no guidance, cannot be asked.
_OF_GUIDANCE = ('guidance', 'wrong', 'wrong_kind', 'near_target')
_UNGUIDED = {'guidance': NONE, 'wrong': 0.0, 'near_target': DEFAULTS['near_target']}
_FORM = re.compile(r'(?P<name>[^\[\]@]*)(\[(?P<options>.*)\])?(?P<at>@(?P<number>[^\[\]@]*))?')


@dataclass(frozen=True)
class Method:
    """A steering method with the magnitude of its guidance.

    Attributes:
        label: As the user wrote it, such as 'direct@0.5'.
        name: Name of the steerer, such as 'direct'.
        magnitude: Speed of the guidance in (0, 1] of full command.
        options: Of the steerer.
        conditions: Conditions in which it differs from the other methods.
    """

    label: str
    name: str
    magnitude: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Method:
        """Reads a METHOD; ConfigError if it, an option or a value does not exist or fit."""
        label = ''.join(text.split())
        form = _FORM.fullmatch(label)
        if not form:
            raise ConfigError(
                f"method '{text}' is not of the form NAME, NAME@MAGNITUDE or "
                "NAME[OPTION=VALUE,...]@MAGNITUDE, such as 'frs[strength=0.5]@0.5'"
            )
        name = choose('method', form['name'], ALL_METHODS)
        magnitude = _magnitude(label, name, form['number']) if form['at'] else 1.0
        given = {}
        if form['options'] is not None:
            given = parse_options(form['options'], f"method '{label}'", separators=',')
        conditions = {key: value for key, value in given.items() if key in DEFAULTS}
        options = {key: value for key, value in given.items() if key not in DEFAULTS}
        method = cls(label, name, magnitude, options, conditions)
        try:
            method.steerer()
            method.under(Conditions())
        except ConfigError as error:
            raise ConfigError(f"'{label}': {error}") from None
        return method

    def of_task(self, task_id: int, target: str) -> Method:
        """With `{task}` and `{target}` in its options filled in."""

        def filled(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            return value.replace('{task}', str(task_id)).replace('{target}', target)

        return replace(self, options={key: filled(v) for key, v in self.options.items()})

    def steerer(self) -> Steerer:
        """What plans; ConfigError if an option does not exist or fit."""
        return make_steerer(self.name, **self.options)

    def under(self, common: Conditions) -> Conditions:
        """Its conditions in an evaluation with these common ones."""
        values = {key: getattr(common, key) for key in DEFAULTS}
        if self.name == UNSTEERED:
            for key in _OF_GUIDANCE:
                if key in self.conditions:
                    raise ConfigError(f'{self.name} follows no guidance; it has no {key}')
            # It would ignore guidance; given none, its plans do not count as steered.
            values |= _UNGUIDED
        if self.name in LEARNED and self.conditions.get('guidance', NONE) == NONE:
            # What it does by itself is the question, unless its own options ask for guidance.
            values |= _UNGUIDED
        values |= self.conditions
        return Conditions(**values)

    def full_label(self, common: Conditions) -> str:
        """A label that says all, the same however the conditions were given."""
        conditions = self.under(common).changes()
        if self.name == UNSTEERED:
            conditions.pop('guidance')
        options = {**self.options, **conditions}
        brackets = f'[{written_options(options)}]' if options else ''
        at = f'@{self.magnitude:g}' if self.magnitude != 1 and self.name != UNSTEERED else ''
        return f'{self.name}{brackets}{at}'


def parse_methods(text: str) -> tuple[Method, ...]:
    """Reads METHODS; ConfigError as `Method.parse`."""
    return tuple(Method.parse(part) for part in split_outside(text))


def _magnitude(label: str, name: str, number: str) -> float:
    try:
        magnitude = float(number)
    except ValueError:
        magnitude = -1.0
    if not 0 < magnitude <= 1:
        raise ConfigError(
            f"method '{label}': the guidance magnitude after @ is a number in (0, 1], "
            f"such as '{name}@0.5'"
        )
    return magnitude
