# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.guidance.operator.keyboard import DIRECTIONS, MAGNITUDES, Keyboard, help_text
from frs_ros.messages.guidance import Gripper

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ('key', 'direction'),
    [
        ('w', [1, 0, 0]),
        ('S', [-1, 0, 0]),
        ('a', [0, 1, 0]),
        ('D', [0, -1, 0]),
        ('q', [0, 0, 1]),
        ('e', [0, 0, -1]),
    ],
)
def test_a_tap_steers_for_the_latch_time(key, direction):
    keys = Keyboard(hold=0.5).press(key, 10 * SECOND)
    during = keys.guidance(10 * SECOND + 499_000_000)
    np.testing.assert_array_equal(during.direction, direction)
    assert during.active
    assert during.source == 'keyboard'
    after = keys.guidance(10 * SECOND + 500_000_000)
    assert not after.enabled
    assert not after.direction.any()


def test_repeats_keep_steering():
    keys = Keyboard(hold=0.5)
    for i in range(10):
        keys = keys.press('w', i * SECOND // 4)
        assert keys.guidance((i + 1) * SECOND // 4).active


def test_two_keys_make_a_diagonal_and_the_opposite_key_turns_back():
    keys = Keyboard().press('w', 0).press('a', SECOND // 10)
    np.testing.assert_array_equal(keys.guidance(SECOND // 5).direction, [1, 1, 0])
    keys = keys.press('s', SECOND // 5)
    np.testing.assert_array_equal(keys.guidance(SECOND // 5).direction, [-1, 1, 0])


def test_gripper_cycles_and_goes_with_motion():
    keys, seen = Keyboard(), []
    for i in range(4):
        keys = keys.press('g', i)
        seen.append(keys.guidance(i).gripper)
    assert seen == [Gripper.OPEN, Gripper.CLOSE, Gripper.POLICY, Gripper.OPEN]
    assert keys.guidance(4).active
    assert not keys.guidance(5 * SECOND).active  # alone it lasts one tap
    moving = keys.press('w', 6 * SECOND).guidance(6 * SECOND)
    assert moving.gripper is Gripper.OPEN


def test_magnitudes_persist_and_do_not_steer():
    for key, magnitude in MAGNITUDES.items():
        keys = Keyboard().press(key, 0)
        assert not keys.guidance(0).enabled
        assert keys.press('w', 1).guidance(1).magnitude == magnitude


def test_defer_ends_the_motion_at_once_and_lasts_until_the_next():
    keys = Keyboard().press('w', 0).press('f', 1)
    assert keys.guidance(2).defer
    assert keys.guidance(60 * SECOND).defer
    assert not keys.guidance(2).active
    assert keys.press('a', 3).guidance(3).active


def test_space_stops_and_forgets():
    keys = Keyboard().press('g', 0).press('w', 0).press('f', 0).press(' ', 1)
    stopped = keys.guidance(1)
    assert not stopped.enabled
    assert not stopped.defer
    assert stopped.gripper is Gripper.POLICY


def test_a_clock_set_back_ends_the_wish():
    assert not Keyboard().press('w', 10 * SECOND).guidance(9 * SECOND).enabled


def test_states_are_values_and_unknown_keys_change_nothing():
    keys = Keyboard()
    keys.press('w', 0)
    assert not keys.guidance(0).enabled
    assert keys.press('x', 0) is keys


def test_help_names_every_key():
    text = help_text()
    for key in [*DIRECTIONS, *MAGNITUDES, 'g', 'f', 'space']:
        assert key in text or key.upper() in text
