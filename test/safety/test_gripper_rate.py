# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from cases import CASES

from frs_ros.safety.gripper_rate import INTERVAL, GripperRate


def test_it_never_changes_twice_within_the_interval(rng):
    hand, now, changes = GripperRate(), 0.0, []
    for _ in range(CASES['gripper_rate']):
        now += float(rng.exponential(0.1))
        before, hand = hand, hand.after(bool(rng.random() < 0.5), now)
        if hand.closed != before.closed:
            changes.append(now)
    assert len(changes) > 100
    assert np.diff(changes).min() >= INTERVAL


def test_the_latest_wish_wins():
    hand = GripperRate().after(True, 1.0)
    assert hand.closed
    for now in (1.1, 1.2):
        hand = hand.after(False, now)
        assert hand.closed
    assert hand.after(True, 1.3) == hand  # opened and closed again meanwhile: nothing to do
    assert not hand.after(False, 1.31).closed


def test_the_first_wish_is_followed_at_once():
    assert GripperRate().after(True, 0.0).closed


def test_a_repeated_wish_does_not_start_the_time_anew():
    hand = GripperRate().after(True, 1.0).after(True, 1.25)
    assert not hand.after(False, 1.31).closed


@pytest.mark.parametrize('now', [float('nan'), float('-inf')])
def test_a_time_that_is_none_changes_nothing(now):
    hand = GripperRate(True, 1.0)
    assert hand.after(False, now).closed


def test_a_clock_set_back_does_not_block_the_gripper():
    hand = GripperRate().after(True, 1000.0).after(False, 5.0)
    assert hand.closed
    assert not hand.after(False, 5.01 + INTERVAL).closed
