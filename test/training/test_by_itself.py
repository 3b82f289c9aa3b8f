# SPDX-License-Identifier: Apache-2.0
"""How near a policy comes to a chunk by itself."""

from contextlib import nullcontext

import numpy as np
import pytest

from frs_ros.flow.mixture import GaussianMixture
from frs_ros.steering.base import plan_rng
from frs_ros.training.distilled.by_itself import distance_to_nearly_all
from frs_ros.types import ActionSpec

NAMES = ('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper')
FORWARD = np.tile([0.9, 0, 0, 0, 0, 0, -1.0], (4, 1))  # [H, A], hand open


class Habits:
    """A policy that does one of some chunks, the same in any observation."""

    spec = ActionSpec(4, 7, 7, 20.0, NAMES, ('1',) * 7, 10, 2)

    def __init__(self, *chunks):
        self._mixture = GaussianMixture(
            np.stack(chunks), np.full(len(chunks), 0.05), np.ones(len(chunks))
        )

    def expand(self, n):
        return self  # its own context

    def velocity(self, x, t, context):
        return self._mixture.velocity(x, t)

    def asarray(self, x):
        return x

    def inference(self):
        return nullcontext()


@pytest.fixture
def decided():
    """A policy that always goes forward, the hand open or closed."""
    closed = FORWARD.copy()
    closed[:, 6] = 1.0
    return Habits(FORWARD, closed)


def distance(policy, chunk):
    return distance_to_nearly_all(policy, policy, chunk, plan_rng(0, 0))


def test_a_policy_that_always_does_it_is_near(decided):
    assert distance(decided, FORWARD) < 0.1
    assert distance(decided, -FORWARD) > 0.9


def test_neither_hand_nor_turn_nor_what_is_not_executed_counts(decided):
    other = FORWARD.copy()
    other[:, 3:] = 5.0
    other[decided.spec.execute_steps :] = 5.0
    assert distance(decided, other) == distance(decided, FORWARD)


def test_a_policy_that_does_it_now_and_then_is_not_near():
    turned = np.roll(FORWARD, 1, axis=1)
    assert distance(Habits(FORWARD, turned, -FORWARD, -turned), FORWARD) > 0.5
