# SPDX-License-Identifier: Apache-2.0
"""A steering method with its settings, as users write it: `frs[strength=0.5]@0.5`.

    METHODS := METHOD {',' METHOD}
    METHOD  := NAME ['[' OPTION {',' OPTION} ']'] ['@' MAGNITUDE]
    OPTION  := KEY '=' VALUE
    VALUE   := JSON | WORD {'+' WORD} | PATH

An option is one of the method (`steering.registry`) or a condition (`conditions.Conditions`) that
is to differ from that of the other methods. Several words joined by '+' are a list. `{task}` and
`{target}` in a path stand for those of the episode: what was learnt for one task only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from frs_ros.documents import parse_json
from frs_ros.errors import ConfigError, DataError, choose
from frs_ros.learning.evaluation.conditions import DEFAULTS, NONE, Conditions
from frs_ros.steering.base import Steerer
from frs_ros.steering.registry import ALL_METHODS, LEARNT, make_steerer

UNSTEERED = 'base'
# What the unsteered policy, which follows no guidance, cannot be asked.
_OF_GUIDANCE = ('guidance', 'wrong', 'wrong_kind', 'near_target')
_UNGUIDED = {'guidance': NONE, 'wrong': 0.0, 'near_target': DEFAULTS['near_target']}
_FORM = re.compile(r'(?P<name>[^\[\]@]*)(\[(?P<options>.*)\])?(?P<at>@(?P<number>[^\[\]@]*))?')
_WORDS = re.compile(r'\w+(\+\w+)*')
_PATH = re.compile(r'[\w./~{}-]+')


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
        given = _options(label, form['options'] or '')
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
        if self.name in LEARNT and self.conditions.get('guidance', NONE) == NONE:
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
        inside = ','.join(f'{key}={_written(options[key])}' for key in sorted(options))
        brackets = f'[{inside}]' if inside else ''
        at = f'@{self.magnitude:g}' if self.magnitude != 1 and self.name != UNSTEERED else ''
        return f'{self.name}{brackets}{at}'


def parse_methods(text: str) -> tuple[Method, ...]:
    """Reads METHODS; ConfigError as `Method.parse`."""
    return tuple(Method.parse(part) for part in split_outside(text))


def split_outside(text: str) -> list[str]:
    """Parts between commas that stand in no brackets; ConfigError if brackets do not match."""
    parts, depth = [''], 0
    for character in text:
        depth += (character in '[{') - (character in ']}')
        if character == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += character
        if depth < 0:
            break
    if depth:
        raise ConfigError(f"the brackets in '{text}' do not match")
    return [part.strip() for part in parts]


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


def _options(label: str, text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if not text and '[' not in label:
        return options
    for part in split_outside(text):
        key, equals, value = part.partition('=')
        if not key or not equals or not value:
            raise ConfigError(f"method '{label}': '{part}' is not OPTION=VALUE")
        if key in options:
            raise ConfigError(f"method '{label}': option '{key}' is given twice")
        options[key] = _value(label, value)
    return options


def _value(label: str, text: str) -> Any:
    """JSON, a word, a list of words, or a path."""
    try:
        value = parse_json(text, label)
        json.dumps(value, allow_nan=False)
        return value
    except (DataError, ValueError):
        if _PATH.fullmatch(text):
            return text
        if not _WORDS.fullmatch(text):
            raise ConfigError(
                f"method '{label}': '{text}' is no number, word, path or JSON"
            ) from None
    words = text.split('+')
    return words if len(words) > 1 else text


def _written(value: Any) -> str:
    """A value as `_value` reads it."""
    if isinstance(value, str):
        return value if _PATH.fullmatch(value) else json.dumps(value)
    if isinstance(value, list) and len(value) > 1 and all(isinstance(v, str) for v in value):
        return '+'.join(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 and 1 are the same setting
    return json.dumps(value, separators=(',', ':'))
