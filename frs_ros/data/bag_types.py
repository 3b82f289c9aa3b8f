# SPDX-License-Identifier: Apache-2.0
"""Deserialises messages by the definitions that a bag carries; no ROS is needed."""

from __future__ import annotations

from typing import Any

from frs_ros.data.bag_file import BagChannel
from frs_ros.errors import DataError, DependencyError


class BagTypes:
    """Message types of one bag, each registered when it is first needed."""

    def __init__(self) -> None:
        try:
            from rosbags.typesys import Stores, get_typestore
        except ModuleNotFoundError as error:
            raise DependencyError(
                'bags need the Python library rosbags: pip install rosbags'
            ) from error
        self._store = get_typestore(Stores.EMPTY)
        self._standard = get_typestore(Stores.ROS2_JAZZY)
        self._ready: dict[str, Any] = {}

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
                f'a message on {channel.topic} is no readable {channel.type}: {error}'
            ) from error

    def _register(self, channel: BagChannel) -> Any:
        """The store that knows a type."""
        if not channel.definition:
            if channel.type in self._standard.fielddefs:
                return self._standard
            raise DataError(f'the bag does not say what a {channel.type} consists of')
        from rosbags.typesys import get_types_from_msg

        try:
            if channel.encoding == 'ros2idl':
                self._store.register(_types_from_idl(channel.definition))
            else:
                self._store.register(get_types_from_msg(channel.definition, channel.type))
        except Exception as error:  # a parser of texts that nobody vouches for
            raise DataError(
                f'the definition of {channel.type} in the bag cannot be used: {error}'
            ) from error
        return self._store


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
