# SPDX-License-Identifier: Apache-2.0
"""Episodes of a bag: its messages pushed through the assembler, deserialised only if needed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from frs_ros.bags.bag_topics import TYPES, believed, role
from frs_ros.bags.episodes.assembler import EpisodeAssembler
from frs_ros.bags.episodes.message_parts import NS, Deferred
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.bags.episodes.session import FOREIGN_MESSAGES
from frs_ros.bags.read.bag_file import BagMessage, everything
from frs_ros.bags.read.bag_reader import Bag
from frs_ros.errors import DataError
from frs_ros.text import shown

UNREADABLE = 'unreadable messages'

# Types that begin with a std_msgs/Header: their stamps are known without deserialising them.
_STAMPED = (
    'sensor_msgs/msg/CompressedImage',
    'sensor_msgs/msg/Image',
    'frs_ros/msg/RobotState',
)
_ENCAPSULATION = 4  # bytes before the message; the second says whether it is little endian


def episodes_of(
    bag: Bag, assembler: EpisodeAssembler, progress: Callable[[int], Any] = lambda position: None
) -> Iterator[RecordedEpisode]:
    """Episodes of a bag, each as soon as it is complete.

    Args:
        bag: Read from its beginning.
        assembler: A fresh one.
        progress: Called now and then with the bytes read.
    """
    for _, episodes in assembled(bag, assembler, progress, assembler.wants):
        yield from episodes


def assembled(
    bag: Bag,
    assembler: EpisodeAssembler,
    progress: Callable[[int], Any] = lambda position: None,
    wanted: Callable[[str], bool] = everything,
) -> Iterator[tuple[BagMessage | None, list[RecordedEpisode]]]:
    """Messages of a bag, each with the episodes that it completes; at the end None and the rest.

    Args:
        bag: Read from its beginning.
        assembler: A fresh one; messages that it does not want are handed out without a look.
        progress: Called now and then with the bytes read.
        wanted: Topics to read.
    """
    for count, message in enumerate(bag.messages(wanted)):
        if not count % 256:
            progress(bag.position)
        yield message, _push(bag, assembler, message)
    progress(bag.position)
    yield None, assembler.flush()


def _push(bag: Bag, assembler: EpisodeAssembler, message: BagMessage) -> list[RecordedEpisode]:
    if not assembler.wants(message.topic):
        return []
    kind = bag.channel(message.topic).type
    if not believed(message.topic, kind):
        if not assembler.counts[FOREIGN_MESSAGES]:
            expected = TYPES[role(message.topic).kind]
            line = f'{shown(message.topic)} is a {shown(kind)}, not a {expected}: not used'
            assembler.complaints.append(line)
        assembler.counts[FOREIGN_MESSAGES] += 1
        return []
    try:
        content = _content(bag, message)
    except DataError as error:
        if not assembler.counts[UNREADABLE]:
            assembler.complaints.append(str(error))
        assembler.counts[UNREADABLE] += 1
        return []
    return assembler.push(message.topic, message.stamp_ns, content)


def _content(bag: Bag, message: BagMessage) -> Any:
    if bag.channel(message.topic).type not in _STAMPED or len(message.data) < 12:
        return bag.deserialize(message.topic, message.data)
    little = message.data[1] == 1
    sec, nanosec = struct.unpack_from('<iI' if little else '>iI', message.data, _ENCAPSULATION)
    data = bytes(message.data)  # its chunk is not kept in memory for it
    return Deferred(sec * NS + nanosec, partial(bag.deserialize, message.topic, data))
