# SPDX-License-Identifier: Apache-2.0
"""A bounded queue between who receives messages and who writes them."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

from frs_ros.bags.storage import BagTopic

SMALL = 16 * 2**10  # bytes; what is larger is an image
IMAGE_SHARE = 0.9  # of the room; the rest is for what is small


@dataclass(frozen=True)
class Received:
    """A message as it came; times in ns since the epoch."""

    topic: str
    log_ns: int
    publish_ns: int
    data: bytes


class MessageQueue:
    """Never blocks: what finds no room is dropped and counted.

    Images give way first: labels, plans and states may use the last tenth of the room.

    Attributes:
        dropped: Topic -> messages that found no room.
        size: Bytes that wait.
        half_full: Set once half of the room is taken; cleared by who empties the queue.
    """

    def __init__(self, max_bytes: int, max_count: int) -> None:
        """Makes room for that many bytes and messages."""
        self.dropped: Counter[str] = Counter()
        self.size = 0
        self.half_full = threading.Event()
        self._max_bytes, self._max_count = max_bytes, max_count
        self._items: deque[Received | BagTopic] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def declare(self, topic: BagTopic) -> None:
        """Appends the declaration of a topic; there is always room for one."""
        self._items.append(topic)

    def put(self, message: Received) -> bool:
        """Appends a message; False if it had to be dropped."""
        size = len(message.data)
        share = 1.0 if size <= SMALL else IMAGE_SHARE
        with self._lock:
            room = self._max_bytes * share - self.size >= size
            if self._closed or not room or len(self._items) >= self._max_count * share:
                self.dropped[message.topic] += 1
                return False
            self.size += size
            self._items.append(message)
        if self.size > self._max_bytes / 2 and not self.half_full.is_set():
            self.half_full.set()
        return True

    def get(self) -> Received | BagTopic | None:
        """The next in order; None if nothing waits."""
        with self._lock:
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, Received):
                self.size -= len(item.data)
            return item

    def close(self) -> None:
        """Drops and counts everything that waits, and everything that comes."""
        with self._lock:
            self._closed = True
        while (item := self.get()) is not None:
            if isinstance(item, Received):
                self.dropped[item.topic] += 1
