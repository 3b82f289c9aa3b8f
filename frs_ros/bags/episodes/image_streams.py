# SPDX-License-Identifier: Apache-2.0
"""The images of all cameras of a recording, and those among them that belong to chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from frs_ros.bags.bag_topics import RAW, Role
from frs_ros.bags.episodes.matching import NS, Matcher
from frs_ros.errors import DataError
from frs_ros.serving.seen import NOTEWORTHY_NS


class ImageStreams:
    """One matcher per camera topic.

    Args:
        tolerance_ns: Largest distance of the stamps of a chunk and its images.
        prepare: Applied once to every image that belongs to a chunk.
        complaints: Takes the first line of each stream about what `prepare` refused.
    """

    def __init__(
        self, tolerance_ns: int, prepare: Callable[[Any], Any], complaints: list[str]
    ) -> None:
        self._tolerance_ns, self._prepare, self._complaints = tolerance_ns, prepare, complaints
        self._refused: set[Role] = set()
        self._streams: dict[Role, Matcher] = {}

    @property
    def unreadable(self) -> int:
        """Images that `prepare` refused."""
        return sum(stream.unreadable for stream in self._streams.values())

    @property
    def remarks(self) -> list[str]:
        """Cameras whose clocks are ahead, a line each."""
        return [
            f'stamps of camera {part.camera} are up to {stream.most_ahead_ns / NS:.2f} s ahead of '
            f'the requests that followed, in {stream.ahead} of {stream.found} plans: set its clock'
            for part, stream in self._streams.items()
            if stream.most_ahead_ns > NOTEWORTHY_NS
        ]

    def add(
        self, received_ns: int, part: Role, stamp_ns: int, message: Any, arrived_ns: int
    ) -> None:
        """Takes an image in; see `Matcher.add`."""
        if part not in self._streams:
            self._streams[part] = Matcher(self._tolerance_ns, partial(self._prepared, part))
        self._streams[part].add(received_ns, stamp_ns, message, arrived_ns)

    def want(
        self, namespace: str, received_ns: int, stamp_ns: int, asked_ns: int | None = None
    ) -> None:
        """Asks for the images that belong to a stamp; see `Matcher.want`."""
        for _, stream in self._of(namespace):
            stream.want(received_ns, stamp_ns, asked_ns)

    def take(self, namespace: str, stamps: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Stamp -> camera -> prepared image, without cameras that have none. Forgets them."""
        streams = self._of(namespace)
        found: dict[int, dict[str, Any]] = {}
        for stamp_ns in stamps:
            found[stamp_ns] = images = {}
            for part, stream in streams:
                image = stream.take(stamp_ns)
                if image is not None:
                    images[part.camera] = image
        return found

    def _prepared(self, part: Role, message: Any) -> Any:
        try:
            return self._prepare(message)
        except DataError as error:
            if part not in self._refused:
                self._refused.add(part)
                self._complaints.append(f'an image of {part.camera} is not read: {error}')
            raise

    def _of(self, namespace: str) -> list[tuple[Role, Matcher]]:
        """Streams of a namespace or below it; of a camera, JPEGs come after raw images.

        So they win: a JPEG is what the policy server saw.
        """
        streams = [
            (part, stream)
            for part, stream in self._streams.items()
            if f'{part.namespace}/'.startswith(f'{namespace}/')
        ]
        return sorted(streams, key=lambda item: item[0].kind != RAW)
