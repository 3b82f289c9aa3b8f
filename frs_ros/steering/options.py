# SPDX-License-Identifier: Apache-2.0
"""Options of a steering method as users write them: `operator=motion,gate=true`.

    OPTIONS := [OPTION {SEPARATOR OPTION}]
    OPTION  := KEY '=' VALUE
    VALUE   := JSON | WORD {'+' WORD} | PATH

Several words joined by '+' are a list. The same on every way in: the parameter and launch
argument `method_options`, and the brackets of `frs eval`. Such a text survives `ros2 param set`,
which reads its value as YAML and fails at a JSON object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from frs_ros.documents import parse_json
from frs_ros.errors import ConfigError, DataError
from frs_ros.text import shown

LONGEST = 10_000  # characters of a text of options
_WORDS = re.compile(r'\w+(\+\w+)*')
_PATH = re.compile(r'[\w./~{}-]+')


def parse_options(text: str, what: str, separators: str = ', \t\n') -> dict[str, Any]:
    """Options by name, {} of an empty text; a JSON object is read as well.

    Args:
        text: As above.
        what: Names it in an error.
        separators: Characters between two options.

    Raises:
        ConfigError: It is not of this form, or an option is given twice.
    """
    if len(text) > LONGEST:
        raise ConfigError(f'{what} of {len(text)} characters; at most {LONGEST} are read')
    if text.lstrip().startswith(('{', '[')):
        values = parse_json(text, f'{what} {shown(text)}', ConfigError)
        if not isinstance(values, dict):
            raise ConfigError(f'{what}: {shown(text)} is no object; write OPTION=VALUE')
        return values
    options: dict[str, Any] = {}
    parts = split_outside(text, separators)
    if ' ' in separators:  # several in a row count as one
        parts = [part for part in parts if part]
    for part in parts:
        key, equals, value = part.partition('=')
        if not key or not equals or not value:
            raise ConfigError(f'{what}: {shown(part)} is not OPTION=VALUE')
        if key in options:
            raise ConfigError(f'{what}: option {shown(key)} is given twice')
        options[key] = _value(value, what)
    return options


def written(value: Any) -> str:
    """A value as `parse_options` reads it."""
    if isinstance(value, str):
        return value if _PATH.fullmatch(value) else json.dumps(value)
    if isinstance(value, list) and len(value) > 1 and all(isinstance(v, str) for v in value):
        return '+'.join(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 and 1 are the same setting
    return json.dumps(value, separators=(',', ':'))


def written_options(options: Mapping[str, Any]) -> str:
    """Options as `parse_options` reads them, by name."""
    return ','.join(f'{key}={written(options[key])}' for key in sorted(options))


def split_outside(text: str, separators: str = ',') -> list[str]:
    """Parts between separators that stand in no brackets; ConfigError if these do not match."""
    parts, depth = [''], 0
    for character in text:
        depth += (character in '[{') - (character in ']}')
        if character in separators and depth == 0:
            parts.append('')
        else:
            parts[-1] += character
        if depth < 0:
            break
    if depth:
        raise ConfigError(f'the brackets in {shown(text)} do not match')
    return [part.strip() for part in parts]


def _value(text: str, what: str) -> Any:
    """JSON, a word, a list of words, or a path."""
    try:
        value = parse_json(text, what)
        json.dumps(value, allow_nan=False)
        return value
    except (DataError, ValueError):
        if _PATH.fullmatch(text):
            return text
        if not _WORDS.fullmatch(text):
            raise ConfigError(f'{what}: {shown(text)} is no number, word, path or JSON') from None
    words = text.split('+')
    return words if len(words) > 1 else text
