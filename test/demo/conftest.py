# SPDX-License-Identifier: Apache-2.0
"""A recorded pair of episodes, made up: a camera above a table, a gripper that moves."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.bags.episodes.tape import Recording
from frs_ros.cameras.codec import encode_jpeg
from frs_ros.cameras.pinhole import Pinhole
from frs_ros.demo.comparison import DemoSettings, pair_up
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import ActionChunk, SteeringReport
from frs_ros.steering.base import episode_seed

SIZE = 96
STEPS = {'unsteered': 20, 'steered': 10}
EXECUTED = 5


def settings_for(trials: int = 1) -> DemoSettings:
    return DemoSettings(
        suite='libero_object',
        task_id=7,
        instruction='pick up the milk and place it in the basket',
        first_init=30,
        trials=trials,
        seed=7,
        checkpoint='mini',
        assets='standin',
    )


@pytest.fixture
def settings():
    return settings_for()


@pytest.fixture
def camera():
    """One metre above the origin, looking straight down: 1 cm is 2.5 px, x to the right."""
    return Pinhole(
        np.array([[250.0, 0, SIZE / 2], [0, 250.0, SIZE / 2], [0, 0, 1]]),
        np.array([0.0, 0.0, 1.0]),
        np.diag([1.0, -1.0, -1.0]),
    )


@pytest.fixture
def recording(camera):
    """A function that records an episode of `side` in the order in which a graph would."""

    def make(side: str) -> Recording:
        made = Recording(camera=camera)
        settings = settings_for()
        seed = episode_seed(settings.seed, settings.suite, settings.task_id, 30)
        event = EpisodeEvent('e', settings.instruction, seed)
        made.add_event(1000, event)
        wish = Guidance(direction=np.array([1.0, 0, 0]), source='oracle')
        image = encode_jpeg(np.full((SIZE, SIZE, 3), 200, np.uint8))
        steps = STEPS[side]
        for step in range(steps + 1):
            stamp = 2000 + 10 * step
            if step % EXECUTED == 0 and step < steps:
                actions = np.zeros((10, 7))
                actions[:, 0] = 1.0
                noise = np.zeros((10, 7), np.float32)
                index = step // EXECUTED
                made.add_chunk(
                    ActionChunk(
                        index,
                        'e',
                        actions,
                        noise,
                        EXECUTED,
                        'x',
                        stamp + 1,
                        'cartesian_delta',
                        20.0,
                    )
                )
                guided = wish if side == 'steered' else None
                made.add_report(SteeringReport(index, 'e', 'x', guided, 20, 0.03, 0.02))
                made.grippers[stamp + 1] = np.array([0.0, 0.0, 0.0])
            made.grippers[stamp] = np.array([0.0, 0.0, 0.0])
            if step % 2 == 0:
                made.images[stamp] = image
        outcome = Outcome.SUCCESS if side == 'steered' else Outcome.FAILURE
        reason = '' if side == 'steered' else 'never near'
        end = EpisodeEvent('e', settings.instruction, seed, outcome, reason, steps)
        made.add_event(2000 + 10 * steps + 5, end)
        return made

    return make


@pytest.fixture
def pairs(settings, recording):
    return pair_up(settings, {side: recording(side).tapes() for side in STEPS})
