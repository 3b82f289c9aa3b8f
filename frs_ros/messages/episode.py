# SPDX-License-Identifier: Apache-2.0
"""Begin and end of an episode, whoever runs it: a simulator, an arm, an operator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How an episode ended."""

    SUCCESS = 'success'
    FAILURE = 'failure'
    ABORTED = 'aborted'


@dataclass(frozen=True)
class EpisodeEvent:
    """Start of an episode, or its end if it has an outcome; see msg/Episode.msg."""

    episode_id: str
    instruction: str
    seed: int
    outcome: Outcome | None = None
    reason: str = ''
    steps: int = 0
