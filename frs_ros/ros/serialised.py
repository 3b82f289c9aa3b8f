# SPDX-License-Identifier: Apache-2.0
"""Messages as they are on the wire, of whom nobody knows whether they are whole."""

from __future__ import annotations

from typing import Any

from rclpy.serialization import deserialize_message

from frs_ros.errors import DataError
from frs_ros.text import one_line


def message_of(data: bytes, kind: Any, topic: str) -> Any:
    """The message of some bytes.

    Ordinary subscriptions never see a message that cannot be read, the middleware drops it. Of a
    raw one it comes: from a node with another version of the type, which has the same name.

    Args:
        data: CDR with its encapsulation header.
        kind: Message class.
        topic: Where it came, for the error.

    Raises:
        DataError: It is no such message.
    """
    try:
        return deserialize_message(data, kind)
    except Exception as error:  # rclpy raises its own kinds of RuntimeError, by its version
        raise DataError(f'a message on {topic} cannot be read: {one_line(error)}') from error
