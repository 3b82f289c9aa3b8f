# SPDX-License-Identifier: Apache-2.0
"""Bags of rosbag2, whole or not, as topics and messages. Nothing of a bag is ever changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from frs_ros.bags.read import mcap_file, sqlite_file
from frs_ros.bags.read.bag_file import BagChannel, BagFile, BagMessage, everything
from frs_ros.bags.read.bag_types import BagTypes
from frs_ros.bags.read.compressed_bag import SUFFIX, ZSTD, CompressedFile, CompressedMessages
from frs_ros.bags.read.mcap_file import McapFile
from frs_ros.bags.read.sqlite_file import SqliteFile
from frs_ros.documents import read_yaml
from frs_ros.errors import DataError
from frs_ros.text import one_line, shown

METADATA = 'metadata.yaml'
_SUFFIXES = ('.mcap', '.db3')
_MOST_FILES = 10_000  # of one bag
_DIGEST_BYTES = 1 << 20  # of each file's beginning and end


class Bag:
    """One bag: a folder with metadata.yaml, a folder in which it is missing, or a single file.

    Attributes:
        path: The bag.
        name: Its last part.
        files: What it consists of.
        metadata: metadata.yaml below its root; empty if there is none that can be read.
    """

    def __init__(self, path: Path) -> None:
        """Opens a bag; DataError if it is none, or nothing of it can be read."""
        self.path, self.name = path, path.resolve().name
        self.metadata: dict[str, Any] = {}
        self._notes: list[str] = []
        if path.is_dir():
            self._read_metadata()
        self.files = self._open_files()
        self._types = BagTypes()

    @property
    def storage(self) -> str:
        """'mcap' or 'sqlite3'."""
        return self.files[0].storage

    @property
    def notes(self) -> list[str]:
        """What could not be read, a line each; complete after `messages`."""
        return self._notes + [note for file in self.files for note in file.notes]

    @property
    def remarks(self) -> list[str]:
        """What is worth knowing of a bag that could be read; complete after its episodes."""
        return self._types.remarks

    @property
    def custom(self) -> dict[str, str]:
        """Texts that the recorder has added to metadata.yaml."""
        custom = self.metadata.get('custom_data')
        return custom if isinstance(custom, dict) else {}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return sum(file.position for file in self.files)

    @property
    def channels(self) -> dict[str, BagChannel]:
        """Topic -> what the bag says about it; complete after `messages`."""
        return {topic: channel for file in self.files for topic, channel in file.channels.items()}

    def messages(self, wanted: Callable[[str], bool] = everything) -> Iterator[BagMessage]:
        """Messages of the wanted topics, in the order in which they were written."""
        for file in self.files:
            yield from file.messages(wanted)

    def deserialize(self, topic: str, data: bytes | memoryview) -> Any:
        """The message of some bytes; DataError if they are none."""
        return self._types.deserialize(self.channel(topic), data)

    def channel(self, topic: str) -> BagChannel:
        """What the bag says about a topic; DataError if it has none of this name."""
        for file in self.files:
            if topic in file.channels:
                return file.channels[topic]
        raise DataError(f"{self.path} has no topic '{topic}'")

    def digest(self) -> str:
        """Fingerprint (16 hex) of the files' sizes, beginnings and ends."""
        sums = hashlib.sha256()
        for file in self.files:
            sums.update(f'{file.size} '.encode())
            with file.path.open('rb') as data:
                sums.update(data.read(_DIGEST_BYTES))
                data.seek(max(0, file.size - _DIGEST_BYTES))
                sums.update(data.read(_DIGEST_BYTES))
        return sums.hexdigest()[:16]

    def _read_metadata(self) -> None:
        file = self.path / METADATA
        if not file.is_file():
            self._notes.append(f'unfinished: it has no {METADATA}')
            return
        try:
            self.metadata = dict(read_yaml(file)['rosbag2_bagfile_information'])
        except (DataError, KeyError, TypeError, ValueError):
            self._notes.append(f'unfinished: {METADATA} is empty or damaged')

    def _open_files(self) -> list[BagFile]:
        mode = str(self.metadata.get('compression_mode')).lower()
        if mode in ('file', 'message') and self.metadata.get('compression_format') != ZSTD:
            kind = shown(self.metadata.get('compression_format'))
            raise DataError(f'{self.path} is compressed by {kind}; only zstd can be read')
        paths = self._file_paths((SUFFIX,) if mode == 'file' else _SUFFIXES)
        files: list[BagFile] = []
        for path in paths:
            try:
                files.append(_OPENERS.get(mode, _open_file)(path))
            except DataError as error:
                if len(paths) == 1:
                    raise
                self._notes.append(f'not read: {error}')
        if not files:
            notes = one_line('; '.join(self._notes), 1000)
            raise DataError(f'nothing of {self.path} can be read: {notes}')
        return files

    def _file_paths(self, suffixes: Sequence[str]) -> list[Path]:
        """The files in their order; also those that metadata.yaml does not list (yet)."""
        if not self.path.is_dir():
            return [self.path]
        there = sorted((p for p in self.path.iterdir() if p.suffix in suffixes), key=_numbered)
        listed = self.metadata.get('relative_file_paths')
        listed = listed[:_MOST_FILES] if isinstance(listed, list) else []
        names = [Path(str(name)).name for name in listed]
        present = {path.name for path in self.path.iterdir()} if names else set()
        for name in names:
            if name not in present:
                self._notes.append(f'incomplete: file {one_line(name)} is missing')
        if not there:
            names_of = SUFFIX if SUFFIX in suffixes else 'neither an .mcap nor a .db3'
            raise DataError(f'{self.path} is no bag: it has {names_of} file')
        return sorted(there, key=lambda p: names.index(p.name) if p.name in names else len(names))


def open_bags(paths: Sequence[Path]) -> list[Bag]:
    """Bags of one or several sessions.

    Args:
        paths: Bags, or folders of bags; these are taken in the order of their names.

    Raises:
        DataError: A path does not exist, or is no bag and no folder of bags.
    """
    return [Bag(bag) for path in paths for bag in _bags_in(path)]


def distinct(bags: Sequence[Bag]) -> tuple[list[Bag], list[str]]:
    """Bags of which no two are the same, by their content; and lines about those that were."""
    kept: dict[str, Bag] = {}
    lines = []
    for bag in bags:
        same = kept.setdefault(bag.digest(), bag)
        if same is not bag:
            lines.append(f'{bag.path} is the same bag as {same.path}: it counts once')
    return list(kept.values()), lines


def _bags_in(path: Path) -> list[Path]:
    if not path.exists():
        raise DataError(f'there is no bag {path}')
    if not path.is_dir() or (path / METADATA).exists():
        return [path]
    inside = sorted(path.iterdir(), key=_numbered)
    folders = [p for p in inside if p.is_dir() and _holds_bag(p)]
    if folders:
        return [p for p in inside if p in folders or p.suffix in _SUFFIXES]
    if any(p.suffix in _SUFFIXES for p in inside):
        return [path]
    raise DataError(f'{path} holds no bag: no {METADATA}, no .mcap and no .db3 file')


def _holds_bag(folder: Path) -> bool:
    return any(p.name == METADATA or p.suffix in _SUFFIXES for p in folder.iterdir())


def _open_file(path: Path) -> BagFile:
    if not path.is_file():  # a pipe or a device would never end
        raise DataError(f'{path} is no file')
    try:
        with path.open('rb') as file:
            head = file.read(16)
    except OSError as error:
        raise DataError(f'{path} cannot be read: {error.strerror}') from error
    if head.startswith(mcap_file.MAGIC):
        return McapFile(path)
    if head.startswith(sqlite_file.MAGIC):
        return SqliteFile(path)
    if head.startswith(b'#ROSBAG'):
        raise DataError(f'{path} is a bag of ROS 1; convert it with: rosbags-convert')
    if not head:
        raise DataError(f'{path} is empty')
    raise DataError(f'{path} is no bag: neither MCAP nor SQLite')


def _open_messages(path: Path) -> BagFile:
    return CompressedMessages(_open_file(path))


def _open_compressed(path: Path) -> BagFile:
    return CompressedFile(path, _open_file)


_OPENERS = {'message': _open_messages, 'file': _open_compressed}


def _numbered(path: Path) -> list[tuple[int, str]]:
    """Sort key by which bag_10 comes after bag_9."""
    parts = re.split(r'(\d+)', path.name)
    return [(int(part), '') if part.isdigit() else (-1, part) for part in parts]
