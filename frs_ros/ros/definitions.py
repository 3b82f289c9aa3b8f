# SPDX-License-Identifier: Apache-2.0
"""What a bag must say about a message type so that a stranger can read it: text and hash.

Fields come from the generated Python class, so every type that can be imported can be recorded.
Where the .msg file is installed its text is taken, as rosbag2 does: with comments and constants.

Hash: RIHS01 of REP 2016, SHA-256 over a JSON description of the type and all it is made of
(type ids from type_description_interfaces/msg/FieldType).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from frs_ros.errors import DataError
from frs_ros.text import shown

_MESSAGE = re.compile(r'[a-zA-Z][a-zA-Z0-9_]*/msg/[A-Z][A-Za-z0-9]*')
_INDEX = Path('share', 'ament_index', 'resource_index', 'rosidl_interfaces')

SEPARATOR = '=' * 80

# Name in a class -> (name in a .msg file, id in FieldType).
_BASE = {
    'int8': ('int8', 2),
    'uint8': ('uint8', 3),
    'int16': ('int16', 4),
    'uint16': ('uint16', 5),
    'int32': ('int32', 6),
    'uint32': ('uint32', 7),
    'int64': ('int64', 8),
    'uint64': ('uint64', 9),
    'float': ('float32', 10),
    'double': ('float64', 11),
    'boolean': ('bool', 15),
    'octet': ('byte', 16),
    'string': ('string', 17),
    'wstring': ('wstring', 18),
}
_NESTED, _BOUNDED_STRING, _BOUNDED_WSTRING = 1, 21, 22
_ARRAY, _BOUNDED_SEQUENCE, _SEQUENCE = 48, 96, 144  # added to the id of the element
_EMPTY = ('structure_needs_at_least_one_member', 'uint8')  # the field of a type without fields

_TYPE = re.compile(
    r'(?:sequence<(?P<sequence>.+?)(?:, (?P<bound>\d+))?>'
    r'|(?P<array>.+)\[(?P<size>\d+)\]|(?P<one>.+))$'
)
_STRING = re.compile(r'(?P<kind>w?string)<(?P<length>\d+)>$')


@dataclass(frozen=True)
class Definition:
    """A message type as it stands in a bag.

    Attributes:
        type: Such as 'sensor_msgs/msg/Image'.
        text: All fields, those of its parts too, in the format `ros2msg`.
        hash: 'RIHS01_' and 64 hex digits.
    """

    type: str
    text: str
    hash: str


@cache
def definition(type_name: str) -> Definition:
    """The definition of a message type.

    Raises:
        DataError: No such message can be imported.
    """
    parts = list(_parts(type_name))
    text = _text(parts[0])
    for part in parts[1:]:
        package, _, name = part.split('/')
        text += f'{SEPARATOR}\nMSG: {package}/{name}\n{_text(part)}'
    return Definition(type_name, text, _hash(parts))


@cache
def message_class(type_name: str) -> Any:
    """The class of a message type such as 'sensor_msgs/msg/Image'; DataError if there is none."""
    package, _, name = f'{type_name}//'.split('/')[:3]
    try:  # names come from bags and from the network
        if _MESSAGE.fullmatch(type_name) and _is_message_package(package):
            return getattr(importlib.import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError):
        pass
    raise DataError(
        f'the message type {shown(type_name)} is not installed here; source or install its package'
    )


def _is_message_package(package: str) -> bool:
    """Whether Python would find it where ROS packages are installed, and not in some folder."""
    if package == __name__.split('.')[0]:
        return True  # in the sources, when it is installed editable
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:
        return False
    if spec is None or spec.origin is None:
        return False
    places = (Path(spec.origin), Path(spec.origin).resolve())
    return any(
        (prefix / _INDEX / package).is_file() and place.is_relative_to(root)
        for prefix in _prefixes()
        for root in (prefix, prefix.resolve())
        for place in places
    )


def _prefixes() -> list[Path]:
    """Where ROS packages are installed: workspaces, and the environment of this Python."""
    listed = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [Path(prefix) for prefix in (*listed, sys.prefix) if prefix]


def _fields(type_name: str) -> dict[str, str]:
    fields: dict[str, str] = message_class(type_name).get_fields_and_field_types()
    return fields


def _parts(type_name: str) -> Iterator[str]:
    """The type, then all types it is made of, each once, sorted by name."""
    seen, waiting = {type_name}, [type_name]
    while waiting:
        for text in _fields(waiting.pop()).values():
            part = _split(text)[0]
            if '/' in part and part not in seen:
                seen.add(part)
                waiting.append(part)
    yield type_name
    yield from sorted(seen - {type_name})


def _split(text: str) -> tuple[str, str, int, int]:
    """Element, its bound as a string ('' or '<=5'), offset of the type id and size of a field."""
    match = _TYPE.match(text)
    assert match is not None
    element = match['sequence'] or match['array'] or match['one']
    size = int(match['size'] or match['bound'] or 0)
    if match['array']:
        offset = _ARRAY
    elif match['sequence']:
        offset = _BOUNDED_SEQUENCE if match['bound'] else _SEQUENCE
    else:
        offset = 0
    string = _STRING.match(element)
    if string:
        return string['kind'], string['length'], offset, size
    if '/' in element:
        package, name = element.split('/')[0], element.split('/')[-1]
        element = f'{package}/msg/{name}'
    return element, '', offset, size


def _text(type_name: str) -> str:
    """The fields of one type, a line each."""
    installed = _installed(type_name)
    if installed:
        return installed
    lines = []
    for name, text in _fields(type_name).items():
        element, length, offset, size = _split(text)
        word = _BASE[element][0] if element in _BASE else element.replace('/msg/', '/')
        word += f'<={length}' if length else ''
        brackets = {_ARRAY: f'[{size}]', _BOUNDED_SEQUENCE: f'[<={size}]', _SEQUENCE: '[]', 0: ''}
        lines.append(f'{word}{brackets[offset]} {name}\n')
    return ''.join(lines)


def _installed(type_name: str) -> str:
    """Text of the installed .msg file; '' if there is none."""
    package, kind, name = type_name.split('/')
    for prefix in _prefixes():
        file = prefix / 'share' / package / kind / f'{name}.msg'
        if file.is_file():
            return file.read_text('utf-8').rstrip() + '\n'
    return ''


def _hash(parts: list[str]) -> str:
    described = {
        'type_description': _described(parts[0]),
        'referenced_type_descriptions': [_described(part) for part in parts[1:]],
    }
    # REP 2016: exactly these separators, keys in this order
    data = json.dumps(described, ensure_ascii=True, separators=(', ', ': '))
    return f'RIHS01_{hashlib.sha256(data.encode()).hexdigest()}'


def _described(type_name: str) -> dict[str, Any]:
    fields = _fields(type_name) or dict([_EMPTY])
    return {
        'type_name': type_name,
        'fields': [{'name': n, 'type': _field_type(text)} for n, text in fields.items()],
    }


def _field_type(text: str) -> dict[str, Any]:
    element, length, offset, size = _split(text)
    if length:
        number = _BOUNDED_STRING if element == 'string' else _BOUNDED_WSTRING
    else:
        number = _BASE[element][1] if element in _BASE else _NESTED
    return {
        'type_id': number + offset,
        'capacity': size,
        'string_capacity': int(length or 0),
        'nested_type_name': '' if element in _BASE else element,
    }
