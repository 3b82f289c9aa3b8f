# SPDX-License-Identifier: Apache-2.0
"""Files of bags that rosbag2 compressed one by one, or message by message."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from frs_ros.bags.read.bag_file import LARGEST_MESSAGE, BagChannel, BagFile, BagMessage
from frs_ros.bags.read.decompress import decompress, pieces
from frs_ros.errors import DataError
from frs_ros.text import one_line

SUFFIX = '.zstd'
ZSTD = 'zstd'
_SPARE = 64 << 20  # bytes that stay free on the disk of temporary files
_LOOK = 64 << 20  # bytes between two looks at it
_LARGEST_GAIN = 1000  # a file that becomes so many times as large is made to fill a disk


class CompressedMessages:
    """A `BagFile` whose messages were compressed each for itself."""

    def __init__(self, file: BagFile) -> None:
        """Of the file that holds them."""
        self._file, self._damaged = file, 0
        self.path, self.storage, self.size = file.path, file.storage, file.size
        self.channels = file.channels

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._file.position

    @property
    def notes(self) -> list[str]:
        """What could not be read, a line each."""
        damaged = f'damaged: left out {self._damaged} messages that cannot be decompressed'
        return [*self._file.notes, *([damaged] if self._damaged else [])]

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""
        self._damaged = 0
        for topic, stamp_ns, data in self._file.messages(wanted):
            size = min(LARGEST_MESSAGE, _LARGEST_GAIN * (len(data) + 1000))
            whole = decompress(memoryview(data), ZSTD, size, self.path)
            if not whole or len(whole) > size:
                self._damaged += 1
                continue
            yield BagMessage(topic, stamp_ns, whole)


class CompressedFile:
    """A `BagFile` of which a decompressed copy is read."""

    def __init__(self, path: Path, open_file: Callable[[Path], BagFile]) -> None:
        """Reads the list of topics.

        Args:
            path: The file.
            open_file: Opens the copy.

        Raises:
            DataError: It is no bag, or the copy would be too large.
        """
        self.path, self.size, self.position = path, path.stat().st_size, 0
        self.notes: list[str] = []
        self._open_file = open_file
        with self._folder() as folder:
            file = self._opened(Path(folder))
            self.storage = file.storage
            self.channels: dict[str, BagChannel] = file.channels

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""
        self.notes.clear()
        with self._folder() as folder:
            file = self._opened(Path(folder))
            for message in file.messages(wanted):
                self.position = self.size * file.position // max(file.size, 1)
                yield message
            self.notes += file.notes
            self.channels.update(file.channels)
        self.position = self.size

    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix='frs_bag_')

    def _opened(self, folder: Path) -> BagFile:
        copy = folder / self.path.name.removesuffix(SUFFIX)
        written = looked = 0
        with self.path.open('rb') as source, copy.open('wb') as target:
            for piece in pieces(source, ZSTD, self.path):
                written += target.write(piece)
                if written > _LARGEST_GAIN * (self.size + 1000):
                    raise DataError(
                        f'{self.path} becomes more than {_LARGEST_GAIN} times as large'
                    )
                if written - looked > _LOOK:
                    looked = written
                    self._require_room(folder)
        try:
            return self._open_file(copy)
        except DataError as error:
            line = one_line(error).replace(str(copy), str(self.path))
            raise DataError(line) from error

    def _require_room(self, folder: Path) -> None:
        if shutil.disk_usage(folder).free < _SPARE:
            raise DataError(
                f'{self.path} needs more room than {folder.parent} has when it is decompressed: '
                'set TMPDIR to a folder on a larger disk'
            )
