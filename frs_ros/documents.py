# SPDX-License-Identifier: Apache-2.0
"""JSON and YAML from outside, read with limits: the only place that parses either."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from frs_ros.errors import DataError, FrsError
from frs_ros.text import one_line, shown

LARGEST = 16 << 20  # bytes of a document
LARGEST_YAML = 4 << 20  # bytes; the parser is slow
DEEPEST = 64  # levels of nesting
LONGEST_INTEGER = 300  # digits; a float holds no more
MOST_NODES = 1_000_000  # of a YAML document with its aliases written out

# The parser in C reads the same language ten times as fast; distributions may lack it.
_YAML_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)

ErrorType = Callable[[str], FrsError]


def read_json(path: str | Path, error: ErrorType = DataError) -> Any:
    """Parsed content of a JSON file.

    Args:
        path: File in UTF-8.
        error: Kind of error to raise.

    Raises:
        FrsError: Of the given kind, in one line with the path: the file is missing, too large,
            no UTF-8, no JSON, nested too deeply, with a key that stands twice in an object, or
            with an integer that no float can hold.
    """
    return parse_json(_content(path, LARGEST, error), str(path), error)


def read_yaml(path: str | Path, error: ErrorType = DataError) -> Any:
    """Parsed content of a YAML file of plain values; as `read_json`."""
    return parse_yaml(_content(path, LARGEST_YAML, error), str(path), error)


def parse_json(text: str | bytes, what: str, error: ErrorType = DataError) -> Any:
    """Parsed JSON.

    Args:
        text: Document; bytes are UTF-8, with or without a byte order mark.
        what: Names it in an error.
        error: Kind of error to raise.

    Raises:
        FrsError: Of the given kind, as for `read_json`.
    """
    try:
        content = json.loads(
            _decoded(text, LARGEST), object_pairs_hook=_object, parse_int=_integer
        )
        _check_depth(content)
        return content
    except ValueError as problem:
        raise error(f'{what}: not readable as JSON: {one_line(problem)}') from problem
    except RecursionError as problem:
        raise error(f'{what}: not readable as JSON: nested too deeply') from problem


def parse_yaml(text: str | bytes, what: str, error: ErrorType = DataError) -> Any:
    """Parsed YAML of plain values; as `parse_json`.

    Aliases may not make the document larger than `MOST_NODES` values.
    """
    try:
        content = _decoded(text, LARGEST_YAML)
        _check_yaml_depth(content)
        return yaml.load(content, Loader=_StrictLoader)
    except (ValueError, yaml.YAMLError) as problem:
        raise error(f'{what}: not readable as YAML: {one_line(problem)}') from problem
    except RecursionError as problem:
        raise error(f'{what}: not readable as YAML: nested too deeply') from problem


def _content(path: str | Path, largest: int, error: ErrorType) -> bytes:
    try:
        with Path(path).open('rb') as file:
            content = file.read(largest + 1)
    except OSError as problem:
        raise error(f'{path}: {problem.strerror or problem}') from problem
    if len(content) > largest:
        raise error(f'{path}: larger than {largest >> 20} MiB, no document of ours')
    return content


def _decoded(text: str | bytes, largest: int) -> str:
    if len(text) > largest:
        raise ValueError(f'larger than {largest >> 20} MiB')
    return text.decode('utf-8-sig') if isinstance(text, bytes) else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; ValueError if a key stands twice."""
    content = dict(pairs)
    if len(content) != len(pairs):
        known: set[str] = set()
        key = next(key for key, _ in pairs if key in known or known.add(key))
        raise ValueError(f'key {shown(key)} stands twice')
    return content


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f'an integer of {len(text)} digits')
    return int(text)


def _check_depth(content: Any) -> None:
    """Raises ValueError where JSON is nested deeper than `DEEPEST`; without recursion."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            child
            for value in level
            if isinstance(value, (dict, list))
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    if any(isinstance(value, (dict, list)) for value in level):
        raise ValueError('nested too deeply')


def _check_yaml_depth(content: str) -> None:
    """As `_check_depth`, before anything is made of the document."""
    depth = 0
    for event in yaml.parse(content, Loader=_YAML_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ValueError('nested too deeply')


class _StrictLoader(_YAML_LOADER):  # type: ignore[misc, valid-type]
    """Safe loader that refuses repeated keys and aliases that multiply."""

    def get_single_node(self) -> Any:
        node = super().get_single_node()
        if node is not None and _size(node, {}) > MOST_NODES:
            raise ValueError('its aliases make it too large')
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys: set[object] = set()
        for key_node, _ in node.value:
            key = (key_node.tag, key_node.value)
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # no plain value; refused below
            if key in keys:
                line = key_node.start_mark.line + 1
                raise ValueError(f'key {shown(key_node.value)} stands twice, again in line {line}')
            keys.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: Any) -> int:
        number: int = super().construct_yaml_int(node)
        if abs(number) >= 10**LONGEST_INTEGER:
            raise ValueError(f'an integer of more than {LONGEST_INTEGER} digits')
        return number


_StrictLoader.add_constructor('tag:yaml.org,2002:int', _StrictLoader.construct_yaml_int)


def _size(node: Any, known: dict[int, int]) -> int:
    """Number of values below a node, each alias counted in full."""
    if id(node) not in known:
        if isinstance(node, yaml.ScalarNode):
            return 1
        children = node.value
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in children for child in pair]
        known[id(node)] = MOST_NODES + 1  # an alias to a collection that holds it
        known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]
