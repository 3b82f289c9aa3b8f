# SPDX-License-Identifier: Apache-2.0
"""Steering from the hand or from an image."""

import numpy as np
import pytest

from frs_ros.guidance.operator.view import seen_from
from frs_ros.guidance.references.frames import CameraAxes, in_base
from frs_ros.messages.guidance import Guidance
from frs_ros.types import CARTESIAN_DELTA, Observation

DOWN = Observation({}, np.array([0.4, 0, 0.3, np.pi, 0, 0, 0.04, -0.04]))
BEHIND = CameraAxes([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])  # looks along x from behind the robot


def along_base(frame, axis):
    wish = seen_from(Guidance(direction=axis, rotation=axis), frame)
    assert wish.frame == frame
    found = in_base(wish, DOWN, CARTESIAN_DELTA, {'behind': BEHIND})
    np.testing.assert_allclose(found.direction, found.rotation, atol=1e-12)
    return found.direction


@pytest.mark.parametrize('frame', ['base', 'tool', 'behind'])
@pytest.mark.parametrize('axis', np.eye(3))
def test_over_a_table_from_behind_all_frames_agree(frame, axis):
    np.testing.assert_allclose(along_base(frame, axis), axis, atol=1e-12)


def test_a_camera_in_front_turns_the_operator_round():
    front = CameraAxes([[0, 0, -1], [1, 0, 0], [0, -1, 0]])
    wish = seen_from(Guidance(direction=[1, 2, 3]), 'front')
    found = in_base(wish, DOWN, CARTESIAN_DELTA, {'front': front}).direction
    np.testing.assert_allclose(found, [-1, -2, 3], atol=1e-12)


def test_what_is_not_a_direction_stays():
    wish = seen_from(Guidance(defer=True, magnitude=0.4, source='keyboard', stamp_ns=3), 'tool')
    assert (wish.defer, wish.magnitude, wish.source, wish.stamp_ns) == (True, 0.4, 'keyboard', 3)
