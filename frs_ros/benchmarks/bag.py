# SPDX-License-Identifier: Apache-2.0
"""How fast a bag becomes a dataset, beside plain deserialisation of its messages by rosbags."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from frs_ros.bags.read.bag_reader import open_bags
from frs_ros.datasets.conversion import Conversion, ConversionSettings, convert
from frs_ros.errors import DataError

LIMIT = 0.5  # what is asked for: at least this part of the speed of plain deserialisation


@dataclass(frozen=True)
class Taken:
    """Time of one run.

    Attributes:
        wall: Seconds by the clock.
        cpu: Seconds of computing, of all threads.
    """

    wall: float
    cpu: float


@dataclass(frozen=True)
class BagBench:
    """Both ways of reading one bag, measured in turns.

    Attributes:
        messages: Messages in the bag.
        size: Bytes of the bag.
        samples: Chunks in the dataset.
        plain: Each run of plain deserialisation.
        dataset: Each run of making the dataset.
    """

    messages: int
    size: int
    samples: int
    plain: tuple[Taken, ...]
    dataset: tuple[Taken, ...]

    def ratio(self, kind: str = 'wall') -> float:
        """Speed of the second relative to the first: the median over rounds."""
        pairs = zip(self.plain, self.dataset, strict=True)
        return float(statistics.median(getattr(a, kind) / getattr(b, kind) for a, b in pairs))


def measure(
    path: Path,
    rounds: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = lambda numbers: numbers,
) -> BagBench:
    """Reads a bag in both ways, `rounds` times in turns, after a round that does not count.

    Raises:
        DataError: There are several bags, the bag is not whole, so that rosbags cannot read it,
            or has nothing to learn from.
    """
    bags = open_bags([path])
    if len(bags) != 1:
        raise DataError(f'{path} holds {len(bags)} bags; name one of them, such as {bags[0].path}')
    bag = bags[0]
    plain, dataset, messages, samples = [], [], 0, 0
    for number in progress(range(rounds + 1)):
        began = _now()
        messages = plainly(bag.path)
        between = _now()
        samples = _converted(bag.path).samples
        ended = _now()
        if number:
            plain.append(Taken(between[0] - began[0], between[1] - began[1]))
            dataset.append(Taken(ended[0] - between[0], ended[1] - between[1]))
    return BagBench(messages, bag.size, samples, tuple(plain), tuple(dataset))


def plainly(path: Path) -> int:
    """Deserialises all messages of a bag with rosbags; returns their number."""
    from rosbags.highlevel import AnyReader, AnyReaderError

    try:
        with AnyReader([path]) as reader:
            count = 0
            for connection, _, data in reader.messages():
                reader.deserialize(data, connection.msgtype)
                count += 1
            return count
    except (AnyReaderError, OSError) as error:
        raise DataError(
            f'{path} cannot be read by rosbags, so there is no comparison: {error}'
        ) from error


def _converted(path: Path) -> Conversion:
    with tempfile.TemporaryDirectory(prefix='frs_bench_') as folder:
        return convert(
            open_bags([path]), Path(folder, 'dataset'), ConversionSettings(outcomes=None)
        )


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()
