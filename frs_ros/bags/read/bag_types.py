# SPDX-License-Identifier: Apache-2.0
"""Deserialises messages by the definitions that a bag carries; no ROS is needed.

Code is generated for each type: as long as its fields, with every array of structures written out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import frs_ros
from frs_ros.bags.read.bag_file import BagChannel
from frs_ros.errors import DataError, DependencyError
from frs_ros.text import one_line, shown

_LARGEST_TEXT, _MOST_LINES = 1 << 18, 5000  # bytes and lines of a definition
_MOST_PARTS = 4000  # of a type, with arrays written out
_MOST_PARTS_OF_ALL = 10_000


class BagTypes:
    """Message types of one bag, each registered when it is first needed.

    Attributes:
        remarks: Lines about what a bag does not say, and where that was found.
    """

    def __init__(self) -> None:
        self.remarks: list[str] = []
        try:
            from rosbags.typesys import Stores, get_typestore
        except ModuleNotFoundError as error:
            raise DependencyError(
                'bags need the Python library rosbags: pip install rosbags'
            ) from error
        self._store = get_typestore(Stores.EMPTY)
        self._standard = get_typestore(Stores.ROS2_JAZZY)
        self._ready: dict[str, Any] = {}
        self._parts = 0

    def deserialize(self, channel: BagChannel, data: bytes | memoryview) -> Any:
        """The message of some bytes.

        Raises:
            DataError: The bytes are no such message, or the bag does not say what it consists of.
        """
        store = self._ready.get(channel.type)
        if store is None:
            store = self._ready[channel.type] = self._register(channel)
        try:
            return store.deserialize_cdr(data, channel.type)
        except Exception as error:  # generated code meets bytes that nobody vouches for
            raise DataError(
                f'a message on {one_line(channel.topic)} is no readable {one_line(channel.type)}: '
                f'{one_line(error)}'
            ) from error

    def _register(self, channel: BagChannel) -> Any:
        """The store that knows a type."""
        name = one_line(channel.type)
        if not channel.definition:
            return self._known_here(channel.type)
        try:
            types = _parsed(channel)
            self._parts += _parts(channel.type, types, {})
            if self._parts > _MOST_PARTS_OF_ALL:
                raise DataError('the types of the bag are too large')
            self._store.register(types)
        except Exception as error:  # a parser of texts that nobody vouches for
            raise DataError(
                f'the definition of {name} in the bag cannot be used: {one_line(error)}'
            ) from error
        return self._store

    def _known_here(self, kind: str) -> Any:
        """The store of types that this release knows; DataError if it does not know this one."""
        if kind in self._standard.fielddefs:
            return self._standard
        own = own_types()
        if kind not in own:
            raise DataError(f'the bag does not say what a {one_line(kind)} consists of')
        if not self.remarks:
            self._standard.register(own)
            self.remarks.append(
                f'the bag does not say what {kind} consists of; read as this release defines it'
            )
        return self._standard


@cache
def own_types() -> Mapping[str, Any]:
    """Types of this package's own .msg files; empty if they are not installed."""
    from rosbags.typesys import get_types_from_msg

    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    places = [Path(p, 'share', 'frs_ros', 'msg') for p in (*prefixes, sys.prefix)]
    source = Path(frs_ros.__file__).resolve().parents[1] / 'msg'
    for place in (source, *places):
        types: dict[str, Any] = {}
        for file in sorted(place.glob('*.msg')):
            types |= get_types_from_msg(file.read_text('utf-8'), f'frs_ros/msg/{file.stem}')
        if types:
            return types
    return {}


def _parsed(channel: BagChannel) -> dict[str, Any]:
    from rosbags.typesys import get_types_from_msg

    text = channel.definition
    if len(text) > _LARGEST_TEXT or text.count('\n') > _MOST_LINES:
        raise DataError('it is longer than any type')
    if channel.encoding == 'ros2idl':
        return dict(_types_from_idl(text))
    return dict(get_types_from_msg(text, channel.type))


def _parts(name: str, types: Mapping[str, Any], known: dict[str, int]) -> int:
    """Fields of a type and of its parts, arrays written out; DataError if they are too many."""
    from rosbags.interfaces import Nodetype

    if name not in types:
        return 1  # of ROS, or not there at all, which the caller finds
    if name not in known:
        known[name] = _MOST_PARTS  # should it hold itself
        count = 0
        for _, (node, detail) in types[name][1]:
            (inner, what), length = detail if isinstance(detail[0], tuple) else ((node, detail), 1)
            size = _parts(what, types, known) if inner == Nodetype.NAME else 1
            written = length if node == Nodetype.ARRAY and inner == Nodetype.NAME else 1
            count += 1 + size * written
            if count > _MOST_PARTS:
                raise DataError(f'{shown(name)} has more than {_MOST_PARTS} parts')
        known[name] = count
    return known[name]


def _types_from_idl(text: str) -> Any:
    """Types of a definition in IDL: several parts, each after a line with its name."""
    from rosbags.typesys import get_types_from_idl

    separator = f'{"=" * 80}\n'
    if not text.startswith(f'{separator}IDL: '):
        return get_types_from_idl(text)
    types: dict[str, Any] = {}
    for part in text.split(separator)[1:]:
        types.update(get_types_from_idl(part.split('\n', 1)[1]))
    return types
