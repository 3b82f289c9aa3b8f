# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.sim import outcome
from frs_ros.types import ObjectPose, PrivilegedScene


def scene(gripper=(0, 0, 0.3), milk_z=0.06, soup_z=0.04, basket_z=0.0):
    def pose(x, z, rest):
        return ObjectPose(np.array([x, 0, z]), np.full(3, 0.05), rest)

    return PrivilegedScene(
        np.array(gripper, float),
        {
            'milk_1': pose(0.2, milk_z, 0.06),
            'soup_1': pose(-0.2, soup_z, 0.04),
            'basket_1': pose(0.5, basket_z, 0.0),
        },
        'milk_1',
        'basket_1',
    )


@pytest.mark.parametrize(
    ('scenes', 'expected'),
    [
        ([scene()], outcome.NEVER_NEAR),
        ([scene(gripper=(0.19, 0, 0.2)), scene()], outcome.NO_GRASP),
        ([scene(soup_z=0.08)], outcome.WRONG_OBJECT),
        ([scene(soup_z=0.08), scene(milk_z=0.2)], outcome.WRONG_OBJECT),
        ([scene(milk_z=0.1), scene()], outcome.DROPPED),
        ([scene(basket_z=0.2)], outcome.NEVER_NEAR),
    ],
)
def test_failures_are_classed_by_what_was_lifted_first(scenes, expected):
    monitor = outcome.OutcomeMonitor(scene())
    for s in scenes:
        monitor.update(s)
    assert monitor.classify(False) == expected
    assert monitor.classify(True) == outcome.SUCCESS
