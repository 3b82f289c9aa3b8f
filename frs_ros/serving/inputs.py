# SPDX-License-Identifier: Apache-2.0
"""Puts together what a plan needs from parts that arrive one by one, by stamp. Without ROS."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence, Sized
from typing import Generic, TypeVar

import numpy as np

from frs_ros.cameras.codec import decode_jpeg
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.serving.seen import NOTEWORTHY_NS, Arrived, ahead_ns, newest
from frs_ros.types import Observation

STATE = 'robot_state'
GUIDANCE = 'guidance'

T = TypeVar('T')


class StampBuffer(Generic[T]):
    """The last few values of a stream by stamp."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[int, T] = OrderedDict()
        self._received_ns: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def add(self, stamp_ns: int, value: T, received_ns: int = 0) -> None:
        """Takes a value in; the one received longest ago goes."""
        self._values.pop(stamp_ns, None)
        self._values[stamp_ns], self._received_ns[stamp_ns] = value, received_ns
        if len(self._values) > self._size:
            del self._received_ns[self._values.popitem(last=False)[0]]

    def at(self, stamp_ns: int) -> T | None:
        """The value with exactly this stamp."""
        return self._values.get(stamp_ns)

    def newest(self) -> T | None:
        """The value received last."""
        return next(reversed(self._values.values()), None)

    def seen(self, stamp_ns: int, asked_ns: int, tolerance_ns: float) -> Arrived | None:
        """What a request that arrived at `asked_ns` is answered from, see `serving.seen`."""
        values = [Arrived(self._received_ns[s], s, v) for s, v in self._values.items()]
        return newest(values, stamp_ns, asked_ns, tolerance_ns)

    def newest_stamp(self) -> int | None:
        """Its stamp."""
        return next(reversed(self._values), None)


class Gatherer:
    """Gathers images, state and guidance for a request.

    Attributes:
        guidance_timeout_ns: Age beyond which the latest guidance is stale.
    """

    def __init__(
        self,
        cameras: Sequence[str],
        *,
        observation_sync: str,
        guidance_sync: str,
        guidance_timeout_ns: int,
        image_max_age_ns: int = 500_000_000,
    ) -> None:
        """Sets the rules.

        Args:
            cameras: Names of the images that a plan needs.
            observation_sync: 'stamped' (images and state with the stamp of the request) or
                'latest'.
            guidance_sync: 'stamped' (wait for the one with the stamp of the request), 'latest'
                (the newest, unless stale) or 'none'.
            guidance_timeout_ns: Staleness limit for 'latest'.
            image_max_age_ns: How much older than the request a latest image may be.
        """
        self.guidance_timeout_ns = guidance_timeout_ns
        self._image_max_age_ns = image_max_age_ns
        self._stamped = observation_sync == 'stamped'
        self._guidance_sync = guidance_sync
        self._images: dict[str, StampBuffer[bytes]] = {c: StampBuffer(8) for c in cameras}
        self._states: StampBuffer[tuple[np.ndarray, float]] = StampBuffer(32)
        self._guidance: StampBuffer[Guidance] = StampBuffer(8)
        self._path: AnyGuidance | None = None
        self._asked: tuple[PlanRequest, int] | None = None

    def ask(self, request: PlanRequest, received_ns: int) -> dict[str, float]:
        """Takes in when a request was received: what came later has no part in its answer.

        Returns:
            Cameras whose clock is ahead -> by how many s, at least.
        """
        self._asked = (request, received_ns)
        if self._stamped:
            return {}
        limit_ns = self._image_max_age_ns
        found = {
            c: s.seen(request.stamp_ns, received_ns, limit_ns) for c, s in self._images.items()
        }
        ahead = {c: ahead_ns(v, request.stamp_ns, received_ns) for c, v in found.items() if v}
        return {c: by_ns * 1e-9 for c, by_ns in ahead.items() if by_ns > NOTEWORTHY_NS}

    def add_image(self, camera: str, stamp_ns: int, jpeg: bytes, received_ns: int = 0) -> None:
        """Takes in an image as a JPEG file, and when it was received."""
        self._images[camera].add(stamp_ns, jpeg, received_ns)

    def add_state(
        self, stamp_ns: int, state: np.ndarray, gripper_command: float, received_ns: int = 0
    ) -> None:
        """Takes in the proprioception [S] and the last gripper command, and when they came."""
        self._states.add(stamp_ns, (state, gripper_command), received_ns)

    def add_guidance(self, guidance: Guidance) -> None:
        """Takes in guidance."""
        self._guidance.add(guidance.stamp_ns, guidance)

    def add_path(self, path: AnyGuidance) -> None:
        """Takes in a path, or a chunk, that goes for as long as it is not stale."""
        self._path = path

    def missing(self, request: PlanRequest) -> list[str]:
        """Camera names, `STATE` and `GUIDANCE` that the request still waits for."""
        old = self.too_old(request)
        names = [
            c
            for c, images in self._images.items()
            if c in old or self._of(images, request, self._image_max_age_ns) is None
        ]
        if self._of(self._states, request) is None:
            names.append(STATE)
        if self._guidance_sync == 'stamped' and self._guidance.at(request.stamp_ns) is None:
            names.append(GUIDANCE)
        return names

    def too_old(self, request: PlanRequest) -> dict[str, float]:
        """Cameras whose latest image is not of the time of the request -> s that it is older.

        One from the future (a clock that is ahead) is as bad as one from the past.
        """
        if self._stamped:
            return {}
        stamps = {camera: images.newest_stamp() for camera, images in self._images.items()}
        ages = {c: request.stamp_ns - stamp for c, stamp in stamps.items() if stamp is not None}
        return {c: age * 1e-9 for c, age in ages.items() if abs(age) > self._image_max_age_ns}

    def silent(self) -> list[str]:
        """Cameras and `STATE` of which nothing ever came, if anything else did."""
        streams: dict[str, Sized] = {**self._images, STATE: self._states}
        silent = [name for name, stream in streams.items() if not len(stream)]
        return silent if len(silent) < len(streams) else []

    def observation(self, request: PlanRequest) -> Observation:
        """The observation to plan from; DataError on an unreadable image.

        Call it only if nothing is missing.
        """
        images = {}
        for camera, stream in self._images.items():
            jpeg = self._of(stream, request, self._image_max_age_ns)
            assert jpeg is not None
            images[camera] = decode_jpeg(jpeg)
        found = self._of(self._states, request)
        assert found is not None
        state, gripper_command = found
        return Observation(images, state, request.instruction, gripper_command, request.stamp_ns)

    def guidance(self, request: PlanRequest, now_ns: int) -> Guidance | None:
        """The guidance to follow: that of the request's stamp, or the newest unless it is stale.

        Guidance from the future (a clock that is ahead) is as stale as one from the past.
        """
        if self._guidance_sync == 'stamped':
            return self._guidance.at(request.stamp_ns)
        newest = self._guidance.newest() if self._guidance_sync == 'latest' else None
        return None if newest is None or self._stale(newest, now_ns) else newest

    def any_guidance(self, request: PlanRequest, now_ns: int) -> AnyGuidance | None:
        """As `guidance`; while nobody steers by that, a path. With 'latest' guidance only."""
        guidance = self.guidance(request, now_ns)
        path = self._path if self._guidance_sync == 'latest' else None
        steered = guidance is not None and guidance.enabled
        return guidance if steered or path is None or self._stale(path, now_ns) else path

    def _stale(self, any_guidance: AnyGuidance, now_ns: int) -> bool:
        return abs(now_ns - any_guidance.stamp_ns) > self.guidance_timeout_ns

    def _of(
        self, stream: StampBuffer[T], request: PlanRequest, tolerance_ns: float = math.inf
    ) -> T | None:
        if self._stamped:
            return stream.at(request.stamp_ns)
        if self._asked is None or self._asked[0] != request:
            return stream.newest()
        found = stream.seen(request.stamp_ns, self._asked[1], tolerance_ns)
        value: T | None = None if found is None else found.value
        return value
