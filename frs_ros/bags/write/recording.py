# SPDX-License-Identifier: Apache-2.0
"""One bag that is being recorded: a bounded queue, and a thread that writes.

    receiver -> put -> MessageQueue -> thread -> BagWriter -> file

What was received is with the operating system, and survives `kill -9`, after POLL + FLUSH_PERIOD
(0.5 s); it is with the disk, and survives a power cut, after `sync_period`.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write import bag_metadata
from frs_ros.bags.write.bag_writer import BagWriter
from frs_ros.bags.write.message_queue import MessageQueue, Received
from frs_ros.errors import FrsError
from frs_ros.text import one_line

# Time between two looks into the queue, s: waking for each message costs more than writing it.
POLL = 0.1
FLUSH_PERIOD = 0.4  # s
METADATA_PERIOD = 2.0  # s between two versions of metadata.yaml


@dataclass(frozen=True)
class RecordingStatus:
    """How a recording goes.

    Attributes:
        written: Topic -> messages in the file.
        dropped: Topic -> messages that are lost.
        bytes: Of the messages that were taken.
        queued: Bytes that wait.
        error: Why it has stopped; '' while it has not.
    """

    written: Mapping[str, int]
    dropped: Mapping[str, int]
    bytes: int
    queued: int
    error: str


class Recording:
    """Records one bag; `put` may be called by one thread and never waits for the disk."""

    def __init__(
        self,
        make_writer: Callable[[], BagWriter],
        queue: MessageQueue,
        *,
        sync_period: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts.

        Args:
            make_writer: Makes the bag; called in the thread that writes.
            queue: Not used before.
            sync_period: Time between two waits for the disk, s; 0 for none but that at the end.
            clock: Monotonic time, s.
        """
        self._make_writer, self._queue, self._clock = make_writer, queue, clock
        self._sync_period = sync_period
        self._taken = 0
        self._error = ''
        self._deadline: float | None = None  # for the thread to be done
        self._writer: BagWriter | None = None
        self._syncing: threading.Thread | None = None
        self._sync_error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name='bag writer', daemon=True)
        self._thread.start()

    def declare(self, topic: BagTopic) -> None:
        """Declares a topic before its first message; again does no harm."""
        self._queue.declare(topic)

    def put(self, topic: str, log_ns: int, publish_ns: int, data: bytes) -> bool:
        """Takes a message of a declared topic; False if it is dropped."""
        if not self._queue.put(Received(topic, log_ns, publish_ns, data)):
            return False
        self._taken += len(data)
        return True

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def status(self) -> RecordingStatus:
        """How it goes."""
        writer = self._writer
        written = dict(writer.counts) if writer else {}
        return RecordingStatus(
            written, self._dropped(), self._taken, self._queue.size, self._error
        )

    def finish(self, patience: float) -> None:
        """Lets the thread write what waits, for `patience` seconds at most; does not wait."""
        self._deadline = self._clock() + patience
        self._queue.half_full.set()

    def join(self, timeout: float) -> bool:
        """Waits for the end of the thread, s; False if the disk does not let go of it."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _dropped(self) -> dict[str, int]:
        lost = self._writer.lost if self._writer else {}
        # copies: the other thread counts on
        return dict(Counter(self._queue.dropped) + Counter(lost))

    def _run(self) -> None:
        try:
            self._writer = self._make_writer()
            self._serve(self._writer)
        except Exception as error:  # also one of the program: a recording never ends unsaid
            self._fail(error)
        if self._writer is None:
            return
        state = bag_metadata.STOPPED if self._error else bag_metadata.COMPLETE
        try:
            self._writer.close(self._queue.dropped, state)
        except Exception as error:
            self._fail(error)

    def _serve(self, writer: BagWriter) -> None:
        flushed = saved = synced = self._clock()
        while self._deadline is None:
            self._queue.half_full.wait(POLL)
            self._queue.half_full.clear()
            self._write_waiting(writer, self._clock() + FLUSH_PERIOD)
            now = self._clock()
            if now - flushed >= FLUSH_PERIOD:
                writer.flush()
                flushed = now
            if now - saved >= METADATA_PERIOD:
                writer.save_metadata(bag_metadata.RECORDING, self._queue.dropped)
                saved = now
            if self._sync_period and now - synced >= self._sync_period:
                self._sync(writer)
                synced = now
        # the deadline may come closer meanwhile
        while len(self._queue) and self._clock() <= self._deadline:
            self._write_waiting(writer, min(self._deadline, self._clock() + FLUSH_PERIOD))
        self._queue.close()

    def _sync(self, writer: BagWriter) -> None:
        """Waits for the disk in a thread: meanwhile messages must not wait in this process."""
        if self._sync_error is not None:
            raise self._sync_error
        if self._syncing is None or not self._syncing.is_alive():
            self._syncing = threading.Thread(
                target=self._wait_for_disk, args=(writer,), daemon=True
            )
            self._syncing.start()

    def _wait_for_disk(self, writer: BagWriter) -> None:
        try:
            writer.sync()
        except OSError as error:
            self._sync_error = error

    def _write_waiting(self, writer: BagWriter, until: float) -> None:
        """Writes what waits; on a slow disk not all, but until this time."""
        while (item := self._queue.get()) is not None:
            if isinstance(item, BagTopic):
                writer.add_topic(item)
            else:
                writer.write(item.topic, item.log_ns, item.publish_ns, item.data)
            if self._clock() > until:
                return

    def _fail(self, error: Exception) -> None:
        if not self._error:
            self._error = _worded(error)
        self._queue.close()


def _worded(error: Exception) -> str:
    """One line that does not change."""
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return 'the disk is full'
        return f'the bag cannot be written: {error.strerror or error}'
    if isinstance(error, FrsError):
        return str(error)
    return f'error of the program: {type(error).__name__}: {one_line(error)}'
