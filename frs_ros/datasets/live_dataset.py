# SPDX-License-Identifier: Apache-2.0
"""A dataset that grows while episodes happen: what `frs bag convert` makes of the recording.

Only header stamps tell time here. When a message was received depends on how fast a recording is
played, and must not decide what is learned; the order in which messages arrived does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from frs_ros.bags.episodes.assembler import AssemblerSettings, EpisodeAssembler
from frs_ros.bags.episodes.matching import LATENESS_NS
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.datasets.dataset_builder import IMAGE_SIZE, DatasetBuilder, Shrinker
from frs_ros.datasets.distillation import Source

JUMP_NS = 5 * LATENESS_NS  # back in time: a recording that begins again, a clock that was set
TWICE = 'episodes that were played again'


class LiveDataset:
    """Push messages in the order of their stamps; episodes are written as they end.

    Args:
        folder: Of the new dataset; DataError if it holds anything.
        name: Of this session, kept as the source of its episodes.
        outcomes: Episodes that end otherwise are left out; None for all.
        image_size: Height and width of the images, pixels.
        cameras: Names in order; None for all there are.

    Attributes:
        successes: Number of successful episodes written so far.
        heard: Outcome -> number of episodes heard.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        outcomes: tuple[str, ...] | None = ('success',),
        image_size: int = IMAGE_SIZE,
        cameras: tuple[str, ...] | None = None,
    ) -> None:
        self._builder = DatasetBuilder(
            folder, outcomes=outcomes, image_size=image_size, cameras=cameras
        )
        self._assembler = EpisodeAssembler(
            AssemblerSettings(cameras=cameras), Shrinker(image_size)
        )
        self._name = name
        self._now_ns = 0
        self._known: set[tuple[str, int]] = set()
        self._repeated = 0
        self.successes = 0
        self.heard: Counter[str] = Counter()

    def wants(self, topic: str) -> bool:
        """Whether messages of a topic can be of use."""
        return self._assembler.wants(topic)

    @property
    def episodes(self) -> int:
        """Number of episodes written."""
        return self._builder.episodes

    @property
    def samples(self) -> int:
        """Number of chunks written."""
        return self._builder.samples

    @property
    def policies(self) -> int:
        """Number of policies whose noise was heard; only that of the first is written."""
        return len(self._builder.policies)

    @property
    def complaints(self) -> list[str]:
        """The first lines about what made no sense."""
        return [*self._assembler.remarks, *self._assembler.complaints]

    @property
    def dropped(self) -> Counter[str]:
        """What was left out -> how often."""
        found = self._assembler.counts + self._builder.dropped
        if self._assembler.unreadable_images:
            found['unreadable images'] = self._assembler.unreadable_images
        if self._repeated:
            found[TWICE] = self._repeated
        return found

    def push(self, topic: str, stamp_ns: int, message: Any, arrived_ns: int | None = None) -> int:
        """Takes a message in.

        Args:
            topic: Its name.
            stamp_ns: Its header.stamp.
            message: Deserialised, or a `message_parts.Deferred`.
            arrived_ns: See `Arrival`; None to go by the stamps alone.

        Returns:
            How many episodes this wrote.
        """
        back = stamp_ns < self._now_ns - JUMP_NS and stamp_ns > 0  # 0: a stamp that was not set
        self._now_ns = stamp_ns if back else max(self._now_ns, stamp_ns)
        return self._write(self._assembler.push(topic, self._now_ns, message, arrived_ns))

    def settle(self) -> int:
        """Writes the episodes that have ended, when nothing more is on the way; how many."""
        return self._write(self._assembler.settle(self._now_ns + LATENESS_NS + 1))

    def commit(self) -> bool:
        """Writes the description: what there is so far is a dataset now; False if it is nothing.

        Noise of a second policy means nothing to the first: then nothing is written either.
        """
        if not self.episodes or self.policies > 1:
            return False
        dropped = self.dropped - self._builder.dropped  # the builder adds its own
        self._builder.finish([Source(self._name, '')], dropped)
        return True

    def _write(self, episodes: Iterable[RecordedEpisode]) -> int:
        count = 0
        for episode in episodes:
            known = (episode.id, episode.start_ns)
            if known in self._known:
                self._repeated += 1
                continue
            self._known.add(known)
            self.heard[episode.outcome] += 1
            if self._builder.add(episode, self._name):
                count += 1
                self.successes += episode.outcome == 'success'
        return count
