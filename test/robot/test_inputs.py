# SPDX-License-Identifier: Apache-2.0
"""Which images count as new, and the reason that is shown while the arm holds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from frs_ros.robot.base import ArmState
from frs_ros.robot.holding import STEADY, Holding
from frs_ros.robot.inputs import Inputs

SECOND = 10**9
EPOCH = 1_700_000_000 * SECOND
FROZEN = "no new image from camera 'a'; is it running?"
MISTIMED = (
    "the images of camera 'a' are old or of the future by their stamps; "
    'is it frozen, are all clocks the same?'
)


def line_after(stamps: Iterable[int]) -> str:
    """What is said after images with these stamps, 10 ms apart; the first is a good one."""
    inputs, now = Inputs(('a',), image_timeout=0.17, state_timeout=0.05), 50.0
    inputs.image('a', EPOCH, now, EPOCH)
    for stamp in stamps:
        now += 0.01
        inputs.image('a', stamp, now, EPOCH + round((now - 50.0) * SECOND))
    return inputs.silence(ArmState(now, now, np.zeros(7), np.zeros(7), np.eye(4)), now)


def test_images_of_now_are_new():
    assert line_after(EPOCH + n * SECOND // 100 for n in range(200)) == ''
    late = (EPOCH + n * SECOND // 100 - SECOND // 3 for n in range(200))  # by 0.3 s
    assert line_after(late) == ''


def test_old_images_by_turns_are_a_frozen_camera():
    assert line_after(EPOCH + n % 2 for n in range(30)) == FROZEN
    assert line_after(EPOCH + n % 2 for n in range(200)) == MISTIMED
    assert line_after(EPOCH - n % 5 * SECOND // 100 for n in range(30)) == FROZEN


def test_images_of_another_time_are_no_new_ones():
    assert line_after(range(200)) == MISTIMED  # of 1970
    assert line_after(EPOCH + 3600 * SECOND + n for n in range(200)) == MISTIMED


def test_a_camera_whose_clock_is_set_right_is_well_again():
    wrong = [EPOCH - 3600 * SECOND + n for n in range(100)]
    right = [EPOCH + n * SECOND // 100 for n in range(100, 110)]
    assert line_after(wrong + right) == ''


def test_two_reasons_in_turn_are_shown_as_one():
    holding, shown = Holding(1.0), []
    for n in range(200):
        line = holding.reason(f'camera {n % 2}', 0.05 * n)
        if not shown or shown[-1] != line:
            shown.append(line)
    assert shown == ['camera 0']


def test_a_reason_that_is_over_gives_way():
    holding = Holding(1.0)
    assert holding.reason('one', 0.0) == 'one'
    assert holding.reason('two', 0.5) == 'one'
    assert holding.reason('two', STEADY) == 'two'
    holding.forget()
    assert holding.reason('three', STEADY) == 'three'
