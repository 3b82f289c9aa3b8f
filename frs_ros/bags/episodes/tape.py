# SPDX-License-Identifier: Apache-2.0
"""Episodes put together from what was heard on the topics of a graph. Without ROS.

Messages of different topics arrive in any order and may be repeated, so everything is kept by
stamp or id, and put together at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from frs_ros.cameras.pinhole import Pinhole
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.plan import ActionChunk, SteeringReport


@dataclass(frozen=True)
class TapedPlan:
    """A plan of an episode: its chunk, and how it was made unless that was not heard."""

    chunk: ActionChunk
    report: SteeringReport | None


@dataclass(frozen=True)
class Frame:
    """An image for people and what was going on.

    Attributes:
        stamp_ns: When it was taken.
        jpeg: The image.
        camera: Calibration and pose of the camera.
        gripper: [3] position of the gripper, m, world frame.
        plan: The plan in force; None before the first one.
        executed: How many of its actions had been executed.
    """

    stamp_ns: int
    jpeg: bytes
    camera: Pinhole
    gripper: np.ndarray
    plan: TapedPlan | None
    executed: int


@dataclass(frozen=True)
class Tape:
    """One episode that came to its end.

    Attributes:
        end: Its END event.
        ended_ns: Stamp of that.
        plans: Its plans by request id.
        frames: Its images in order.
    """

    end: EpisodeEvent
    ended_ns: int
    plans: tuple[TapedPlan, ...]
    frames: tuple[Frame, ...]

    @property
    def success(self) -> bool:
        """Whether the task was solved."""
        return self.end.outcome is Outcome.SUCCESS

    @property
    def verdict(self) -> str:
        """'success' or the class of the failure."""
        return 'success' if self.success else self.end.reason or 'failure'

    @property
    def nfe(self) -> int:
        """Velocity evaluations of all plans."""
        return sum(plan.report.nfe for plan in self.plans if plan.report)

    @property
    def duration(self) -> float:
        """Seconds from the first observation to the end; NaN without plans."""
        if not self.plans:
            return float('nan')
        return 1e-9 * (self.ended_ns - self.plans[0].chunk.stamp_ns)


@dataclass
class Recording:
    """What was heard in one graph.

    Attributes:
        starts: Episode id -> stamp of its START.
        ends: Episode id -> stamp of its END, and the event.
        chunks: (episode id, request id) -> chunk.
        reports: (episode id, request id) -> report.
        grippers: Stamp -> position of the gripper [3], m.
        images: Stamp -> JPEG.
        camera: That of the images; None until it is known.
    """

    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, tuple[int, EpisodeEvent]] = field(default_factory=dict)
    chunks: dict[tuple[str, int], ActionChunk] = field(default_factory=dict)
    reports: dict[tuple[str, int], SteeringReport] = field(default_factory=dict)
    grippers: dict[int, np.ndarray] = field(default_factory=dict)
    images: dict[int, bytes] = field(default_factory=dict)
    camera: Pinhole | None = None

    def add_event(self, stamp_ns: int, event: EpisodeEvent) -> None:
        """Takes in the start or end of an episode."""
        if event.outcome is None:
            self.starts[event.episode_id] = stamp_ns
        else:
            self.ends[event.episode_id] = (stamp_ns, event)

    def add_chunk(self, chunk: ActionChunk) -> None:
        """Takes in a chunk; repetitions are equal."""
        self.chunks[chunk.episode_id, chunk.request_id] = chunk

    def add_report(self, report: SteeringReport) -> None:
        """Takes in a report."""
        self.reports[report.episode_id, report.request_id] = report

    def tapes(self) -> list[Tape]:
        """The episodes that ended in success or failure, in order; aborted ones say nothing."""
        ended = sorted(self.ends.values(), key=lambda item: item[0])
        return [
            self._tape(stamp, event) for stamp, event in ended if event.outcome != Outcome.ABORTED
        ]

    def _tape(self, ended_ns: int, end: EpisodeEvent) -> Tape:
        keys = sorted(key for key in self.chunks if key[0] == end.episode_id)
        plans = tuple(TapedPlan(self.chunks[key], self.reports.get(key)) for key in keys)
        first = plans[0].chunk.stamp_ns if plans else ended_ns
        began_ns = self.starts.get(end.episode_id, first)
        return Tape(end, ended_ns, plans, self._frames(began_ns, ended_ns, plans))

    def _frames(
        self, began_ns: int, ended_ns: int, plans: tuple[TapedPlan, ...]
    ) -> tuple[Frame, ...]:
        if self.camera is None:
            return ()
        stamps = np.array(sorted(s for s in self.grippers if began_ns <= s <= ended_ns))
        planned = np.array([plan.chunk.stamp_ns for plan in plans])
        frames = []
        for stamp in sorted(s for s in self.images if began_ns <= s <= ended_ns):
            moved = int(np.searchsorted(stamps, stamp, side='right'))
            if not moved:
                continue  # no position is known yet
            index = int(np.searchsorted(planned, stamp, side='right')) - 1
            plan, executed = None, 0
            if index >= 0:
                plan = plans[index]
                executed = moved - int(np.searchsorted(stamps, planned[index], side='right'))
            gripper = self.grippers[int(stamps[moved - 1])]
            frames.append(Frame(stamp, self.images[stamp], self.camera, gripper, plan, executed))
        return tuple(frames)
