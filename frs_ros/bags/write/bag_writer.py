# SPDX-License-Identifier: Apache-2.0
"""A rosbag2 bag that is being written: a folder with a storage file and metadata.yaml."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from frs_ros.bags.storage import BagTopic, Storage
from frs_ros.bags.write import bag_metadata
from frs_ros.bags.write.bag_metadata import BagSummary
from frs_ros.bags.write.mcap_storage import McapStorage
from frs_ros.bags.write.sqlite_storage import SqliteStorage
from frs_ros.errors import DataError

STORAGES: Mapping[str, tuple[Callable[[Path], Storage], str]] = {
    'mcap': (McapStorage, '.mcap'),
    'sqlite3': (SqliteStorage, '.db3'),
}
CHUNK_BYTES = 4 * 2**20  # written at once: a few images, thousands of states


class BagWriter:
    """Writes a bag; used by one thread, but for `sync`.

    Every method may raise OSError: then what came since the last flush is lost and counted, and
    `close` still makes the best of the rest.
    """

    def __init__(
        self,
        folder: Path,
        storage: str = 'mcap',
        *,
        topics: Iterable[BagTopic] = (),
        open_storage: Callable[[Path], Storage] | None = None,
    ) -> None:
        """Begins a bag.

        Args:
            folder: Must be there and empty; the files are called like it.
            storage: 'mcap' or 'sqlite3'.
            topics: Those that are known already.
            open_storage: In the place of the storage's own.

        Raises:
            DataError: There is a bag already.
            OSError: The folder cannot be written.
        """
        make, suffix = STORAGES[storage]
        self.folder = folder
        file = folder / f'{folder.name}_0{suffix}'
        if file.exists() or (folder / bag_metadata.FILE).exists():
            raise DataError(f'{folder}: there is a bag already; it is not overwritten')
        self._storage = (open_storage or make)(file)
        self._topics: dict[str, BagTopic] = {}
        self._numbers: dict[str, int] = {}
        self._counts: Counter[str] = Counter()  # flushed
        self._pending: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._start_ns = self._end_ns = 0
        for topic in topics:
            self.add_topic(topic)
        self._flush()
        self.save_metadata(bag_metadata.RECORDING, {})

    @property
    def counts(self) -> Mapping[str, int]:
        """Topic -> messages that are in the file, even after `kill -9`."""
        return self._counts

    @property
    def lost(self) -> Mapping[str, int]:
        """Topic -> messages that an error has cost."""
        return self._lost

    def add_topic(self, topic: BagTopic) -> None:
        """Declares a topic; does nothing if it is known."""
        if topic.name not in self._topics:
            self._topics[topic.name] = topic
            self._numbers[topic.name] = self._storage.add_topic(topic)

    def write(self, topic: str, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Takes a message of a topic that is declared; see `Storage.write`."""
        self._pending[topic] += 1
        self._start_ns = min(self._start_ns or log_ns, log_ns)
        self._end_ns = max(self._end_ns, log_ns)
        with self._counted():
            self._storage.write(self._numbers[topic], log_ns, publish_ns, data)
        if self._storage.buffered >= CHUNK_BYTES:
            self._flush()

    def flush(self) -> None:
        """Makes everything so far survive `kill -9`."""
        if self._pending or self._storage.buffered:
            self._flush()

    def sync(self) -> None:
        """Waits until what was flushed survives a power cut; any thread may do that."""
        for file in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError), file.open('rb') as opened:
                os.fsync(opened.fileno())

    def save_metadata(self, state: str, dropped: Mapping[str, int]) -> None:
        """Writes metadata.yaml with what is in the file by now."""
        bag_metadata.save(self.folder, self._summary(state, dropped))

    def close(self, dropped: Mapping[str, int], state: str = bag_metadata.COMPLETE) -> None:
        """Finishes the bag; an OSError leaves it as readable as it can be.

        Args:
            dropped: Topic -> messages that never came here.
            state: What became of the bag.
        """
        try:
            self.flush()
            summary = self._summary(state, dropped)
            self._storage.close(bag_metadata.text(bag_metadata.information(summary)).strip())
        except OSError:
            self._storage.abandon()
            with contextlib.suppress(OSError):
                self.save_metadata(bag_metadata.STOPPED, dropped)
            raise
        bag_metadata.save(self.folder, summary)
        self.sync()

    def abandon(self) -> None:
        """Leaves the bag as it is; raises nothing."""
        self._storage.abandon()

    def _flush(self) -> None:
        with self._counted():
            self._storage.flush()
        self._counts += self._pending
        self._pending.clear()

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Counts what an error costs."""
        try:
            yield
        except OSError:
            self._lost += self._pending
            self._pending.clear()
            raise

    def _summary(self, state: str, dropped: Mapping[str, int]) -> BagSummary:
        missing = {k: v for k, v in (Counter(dropped) + self._lost).items() if v}
        custom = {
            bag_metadata.STATE: state,
            bag_metadata.DROPPED: yaml.safe_dump(missing).strip(),
        }
        return BagSummary(
            self._storage.identifier,
            self._storage.path.name,
            tuple(self._topics.values()),
            dict(self._counts),
            self._start_ns,
            self._end_ns,
            custom,
        )
