# SPDX-License-Identifier: Apache-2.0
"""Puts episodes together from recorded messages: the same from a file as from live topics.

Messages are pushed in the order in which they were received; those of different topics may be
swapped by up to a second, and repeated. Nothing here knows ROS or bags: a message is anything with
the fields of its .msg file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frs_ros.bags.bag_topics import role
from frs_ros.bags.episodes.image_streams import ImageStreams
from frs_ros.bags.episodes.message_parts import stamp_of
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.bags.episodes.session import FOREIGN_MESSAGES, Session


def unprepared(message: Any) -> Any:
    """The image's message as it is."""
    return message


@dataclass(frozen=True)
class AssemblerSettings:
    """What may belong together.

    Attributes:
        image_tolerance: Largest distance of the stamps of a chunk and its images, s; the policy
            server's own default (`image_max_age`).
        state_tolerance: The same of its robot state, s.
        cameras: Names of the cameras whose images are wanted; None for all but the view for
            people.
    """

    image_tolerance: float = 0.5
    state_tolerance: float = 0.1
    cameras: tuple[str, ...] | None = None


class EpisodeAssembler:
    """Push messages, get episodes.

    Args:
        settings: Tolerances and cameras.
        prepare: Applied once to the message (or `Deferred`) of every image that belongs to a
            chunk, as soon as that is certain; what it returns is kept in the place of the
            image, so a decoder that makes images small keeps memory small. A DataError of it
            makes the image missing.

    Attributes:
        counts: What was left out -> how often, such as 'corrupt chunks'.
        complaints: The first lines about it, for people.
    """

    def __init__(
        self,
        settings: AssemblerSettings | None = None,
        prepare: Callable[[Any], Any] = unprepared,
    ) -> None:
        self._settings = settings or AssemblerSettings()
        tolerance_ns = round(1e9 * self._settings.image_tolerance)
        self._sessions: dict[str, Session] = {}
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self._images = ImageStreams(tolerance_ns, prepare, self.complaints)

    def wants(self, topic: str) -> bool:
        """Whether messages of a topic can be of use."""
        part = role(topic)
        return part is not None and (not part.camera or self._wanted(part.camera))

    def push(
        self, topic: str, stamp_ns: int, message: Any, arrived_ns: int | None = None
    ) -> list[RecordedEpisode]:
        """Takes a message in.

        Args:
            topic: Its name, with or without namespaces.
            stamp_ns: When it was received; the assembler's only clock.
            message: Deserialised, or a `message_parts.Deferred` of an image or robot state.
            arrived_ns: When it was received, for what a plan had seen by then; `stamp_ns` if None.

        Returns:
            Episodes that this completes, mostly none: an episode is complete a second after its
            END, when nothing more is on the way.
        """
        part = role(topic)
        if part is None or (part.camera and not self._wanted(part.camera)):
            return []
        arrived_ns = stamp_ns if arrived_ns is None else arrived_ns
        if not part.camera:
            self._session(part.namespace).add(part.kind, stamp_ns, message, arrived_ns)
            return self.settle(stamp_ns)
        try:
            self._images.add(stamp_ns, part, stamp_of(message), message, arrived_ns)
        except AttributeError:
            self.counts[FOREIGN_MESSAGES] += 1
        return []

    def settle(self, now_ns: int) -> list[RecordedEpisode]:
        """Episodes that ended more than a second before `now_ns`, in the order of their ends.

        A live reader calls this when nothing arrives.
        """
        ready = [e for session in self._sessions.values() for e in session.ready(now_ns)]
        return sorted(ready, key=lambda episode: episode.end_ns)

    def flush(self) -> list[RecordedEpisode]:
        """All that is left, at the end of a recording; what has not ended is 'unknown'."""
        left = [e for session in self._sessions.values() for e in session.flush()]
        return sorted(left, key=lambda episode: episode.end_ns)

    @property
    def unreadable_images(self) -> int:
        """Images that `prepare` refused."""
        return self._images.unreadable

    @property
    def remarks(self) -> list[str]:
        """What is worth knowing of the clocks of the cameras, a line each."""
        return self._images.remarks

    def _wanted(self, camera: str) -> bool:
        return self._settings.cameras is None or camera in self._settings.cameras

    def _session(self, namespace: str) -> Session:
        if namespace not in self._sessions:
            self._sessions[namespace] = Session(
                namespace,
                round(1e9 * self._settings.state_tolerance),
                self._images,
                self.counts,
                self.complaints,
            )
        return self._sessions[namespace]
