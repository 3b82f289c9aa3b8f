# SPDX-License-Identifier: Apache-2.0
"""Wishes as arrows."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.guidance.operator.arrow import arrow
from frs_ros.messages.guidance import Gripper, Guidance

TOOL = np.array([0.5, 0.0, 0.3])


def test_arrow_starts_at_the_tool_and_its_length_is_the_magnitude():
    wish = Guidance(direction=np.array([0.0, -3.0, 4.0]), magnitude=0.5)
    start, end = arrow(wish, TOOL, 0.2)
    assert np.array_equal(start, TOOL)
    assert np.allclose(end - start, [0.0, -0.06, 0.08])


@pytest.mark.parametrize(
    'wish',
    [
        Guidance(direction=np.array([1.0, 0, 0]), enabled=False),
        Guidance(direction=np.array([1.0, 0, 0]), defer=True),
        Guidance(direction=np.array([1.0, 0, 0]), magnitude=0.0),
        Guidance(gripper=Gripper.CLOSE),
        Guidance(direction=np.array([1.0, 0, 0]), frame='tool'),
    ],
)
def test_no_arrow_without_a_wished_translation(wish):
    assert arrow(wish, TOOL, 0.2) is None
