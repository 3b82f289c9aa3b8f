# SPDX-License-Identifier: Apache-2.0
"""What every kind of bag file offers its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple, Protocol

NS = 1_000_000_000
LARGEST_MESSAGE = 256 << 20  # bytes; a raw image of 4K has 25 MB
MOST_TOPICS = 10_000


class BagMessage(NamedTuple):
    """A message as it stands in a bag.

    Attributes:
        topic: Its name.
        stamp_ns: When it was received by the recorder.
        data: As serialised (CDR with encapsulation header); valid until the next message is read.
    """

    topic: str
    stamp_ns: int
    data: bytes | memoryview


class BagChannel(NamedTuple):
    """What a bag says about a topic.

    Attributes:
        topic: Its name.
        type: Such as 'sensor_msgs/msg/Image'.
        definition: Text of the type's definition; '' if the bag has none.
        encoding: 'ros2msg' or 'ros2idl', the language of the definition.
    """

    topic: str
    type: str
    definition: str
    encoding: str


class BagFile(Protocol):
    """One file of a bag, read from its beginning to where it can be read.

    Attributes:
        path: The file.
        storage: 'mcap' or 'sqlite3'.
        channels: Topic -> what is known of it; complete when `messages` is through.
        position: Bytes read so far.
        size: Bytes in all.
        notes: What could not be read, a line each; complete when `messages` is through.
    """

    path: Path
    storage: str
    channels: dict[str, BagChannel]
    position: int
    size: int
    notes: list[str]

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""


def everything(topic: str) -> bool:
    """Wants every topic."""
    del topic
    return True


def spell_time(stamp_ns: int) -> str:
    """A stamp as people read it, UTC."""
    try:
        moment = datetime.fromtimestamp(stamp_ns // NS, timezone.utc)
    except (OverflowError, OSError, ValueError):  # no date of this world
        return f'{stamp_ns} ns'
    return moment.strftime('%Y-%m-%d %H:%M:%S UTC')


def read_until(newest_ns: int) -> str:
    """How far a file could be read, for its notes; 0 for not at all."""
    return f'read up to {spell_time(newest_ns) if newest_ns else "nothing"}'
