# SPDX-License-Identifier: Apache-2.0
"""Episodes as they were recorded: what the policy saw, what it was told, what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from frs_ros.messages.plan import ActionChunk


@dataclass(frozen=True)
class RecordedChunk:
    """One plan with the observation it was made from.

    Attributes:
        chunk: The policy's answer.
        steered: Whether guidance was followed.
        images: Camera -> what the assembler's `prepare` made of its image; without cameras
            that had none within the tolerance.
        state: [S] proprioception; None if there was none within the tolerance.
    """

    chunk: ActionChunk
    steered: bool
    images: Mapping[str, Any]
    state: np.ndarray | None


@dataclass(frozen=True)
class RecordedEpisode:
    """One episode of a bag or of a live session.

    Attributes:
        id: As in the Episode messages.
        instruction: Task in words.
        seed: Of its random draws.
        outcome: 'success', 'failure', 'aborted', or 'unknown' if its end was not heard.
        reason: Class of a failure or cause of an abortion.
        steps: Control steps, as its end says.
        start_ns: Stamp of its beginning, or of its first chunk.
        end_ns: Stamp of its end, or of its last chunk.
        chunks: In the order of their requests.
        problems: What was wrong -> how many chunks had it.
    """

    id: str
    instruction: str
    seed: int
    outcome: str
    reason: str
    steps: int
    start_ns: int
    end_ns: int
    chunks: tuple[RecordedChunk, ...]
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Fingerprint of what makes it the same episode in another recording."""
        sums = hashlib.sha256(repr((self.id, self.start_ns, self.outcome)).encode())
        for recorded in self.chunks:
            sums.update(repr((recorded.chunk.request_id, recorded.chunk.stamp_ns)).encode())
            sums.update(recorded.chunk.noise.tobytes())
        return sums.hexdigest()

    @property
    def duration(self) -> float:
        """Seconds; 0 if the clock was set back meanwhile."""
        return max(0.0, 1e-9 * (self.end_ns - self.start_ns))

    @property
    def steered_share(self) -> float:
        """Part of the chunks that followed guidance, in [0, 1]."""
        return float(np.mean([c.steered for c in self.chunks])) if self.chunks else 0.0
