# SPDX-License-Identifier: Apache-2.0
"""Bags one after the other in one folder: names, room on the disk, start and stop."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write.bag_writer import BagWriter
from frs_ros.bags.write.message_queue import MessageQueue
from frs_ros.bags.write.recording import Recording, RecordingStatus
from frs_ros.errors import DataError

MAX_MESSAGES = 50_000  # that wait
NAME_LENGTH = 80
GB = 1e9


@dataclass(frozen=True)
class BagSettings:
    """How bags are written.

    Attributes:
        directory: Where the bags are; made if it is not there.
        storage: 'mcap' or 'sqlite3'.
        min_free: Bytes that stay free on the disk.
        queue: Bytes that may wait for a slow disk.
        sync_period: Time between two waits for the disk, s; 0 for none but that at the end.
    """

    directory: Path
    storage: str = 'mcap'
    min_free: float = 2 * GB
    queue: int = 256 * 2**20
    sync_period: float = 5.0


def free_bytes(folder: Path) -> int:
    """What an ordinary user may still write on the disk of a folder."""
    return shutil.disk_usage(folder).free


class BagSession:
    """At most one bag is recorded at a time; `put` never waits for the disk.

    Attributes:
        folder: Of the bag that is recorded or was last; None before the first.
    """

    def __init__(
        self,
        settings: BagSettings,
        *,
        free: Callable[[Path], int] = free_bytes,
        date: Callable[[], str] = lambda: time.strftime('%Y%m%d-%H%M%S'),
        make_writer: Callable[..., BagWriter] = BagWriter,
    ) -> None:
        """Prepares.

        Args:
            settings: How bags are written.
            free: Bytes that are free on the disk of a folder.
            date: Now, as it stands in the names of bags.
            make_writer: Begins a bag.
        """
        self.folder: Path | None = None
        self._settings, self._free, self._date = settings, free, date
        self._make_writer = make_writer
        self._recording: Recording | None = None
        self._declared: set[str] = set()
        self._closing: list[tuple[Path, Recording]] = []

    @property
    def recording(self) -> bool:
        """Whether messages are taken."""
        return self._recording is not None

    def start(self, words: str) -> Path:
        """Begins a bag, whose folder is returned; one that is being recorded ends.

        Args:
            words: For the name of the folder, behind the date.

        Raises:
            DataError: The folder cannot be written, or the disk is nearly full.
        """
        self.stop()
        self.folder = folder = self._new_folder(words)
        make = partial(self._make_writer, folder, self._settings.storage)
        queue = MessageQueue(self._settings.queue, MAX_MESSAGES)
        self._declared = set()
        self._recording = Recording(make, queue, sync_period=self._settings.sync_period)
        return folder

    def put(self, topic: BagTopic, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Takes a message, if a bag is being recorded."""
        if self._recording is None:
            return
        if topic.name not in self._declared:
            self._declared.add(topic.name)
            self._recording.declare(topic)
        self._recording.put(topic.name, log_ns, publish_ns, data)

    def status(self) -> RecordingStatus | None:
        """How the bag of now goes; None without one."""
        return self._recording.status() if self._recording else None

    def shortage(self) -> str:
        """Why nothing should be written any more, '' if the disk has room enough."""
        free = self._free(self._settings.directory)
        if free >= self._settings.min_free:
            return ''
        return (
            f'{self._settings.directory}: {free / GB:.1f} GB free, less than min_free_gb '
            f'({self._settings.min_free / GB:g}); make room, or record elsewhere'
        )

    def require_room(self) -> None:
        """DataError if the disk is nearly full or the directory cannot be made."""
        try:
            self._settings.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        if self.shortage():
            raise DataError(self.shortage())

    def free(self) -> float:
        """GB that are free on the disk."""
        return self._free(self._settings.directory) / GB

    def stop(self, patience: float = 60.0) -> None:
        """Ends the bag; what waits is written meanwhile, for `patience` seconds at most."""
        if self._recording is not None:
            assert self.folder is not None
            self._recording.finish(patience)
            self._closing.append((self.folder, self._recording))
            self._recording = None

    def finished(self) -> list[tuple[Path, RecordingStatus]]:
        """Bags that have been closed since the last call, and how they went."""
        ended = [(folder, r.status()) for folder, r in self._closing if not r.alive]
        self._closing = [(folder, r) for folder, r in self._closing if r.alive]
        return ended

    def close(self, patience: float = 1.5, give_up: float = 0.5) -> bool:
        """Ends everything; False if the disk did not let go of a bag in time.

        Args:
            patience: Time to write what waits, s.
            give_up: Time after that, s.
        """
        self.stop(patience)
        end = time.monotonic() + patience + give_up
        recordings = [recording for _, recording in self._closing]
        for recording in recordings:
            recording.finish(patience)
        return all([r.join(max(0.0, end - time.monotonic())) for r in recordings])

    def _new_folder(self, words: str) -> Path:
        """Makes a folder that was not there; a restart never writes into an old one."""
        directory = self._settings.directory
        name = '_'.join(filter(None, (self._date(), _slug(words))))
        try:
            self.require_room()
            for number in range(1, 1000):
                folder = directory / (name if number == 1 else f'{name}_{number}')
                if not folder.exists():
                    folder.mkdir()
                    return folder
        except OSError as error:
            raise self._unusable(error) from error
        raise DataError(f'{directory}: a thousand bags called {name}')

    def _unusable(self, error: OSError) -> DataError:
        return DataError(f'{self._settings.directory}: cannot be written: {error.strerror}')


def _slug(words: str) -> str:
    """Words as they may stand in the name of a folder."""
    return re.sub(r'[^a-z0-9_]+', '-', words.lower()).strip('-')[:NAME_LENGTH].strip('-')
