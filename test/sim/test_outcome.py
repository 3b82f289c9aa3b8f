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


def kitchen(gripper=(0, 0, 0.3), drawer_y=0.0, bowl_z=0.9, target='drawer', destination='drawer'):
    return PrivilegedScene(
        np.array(gripper, float),
        {
            'drawer': ObjectPose(np.array([0.0, drawer_y, 1.0]), np.full(3, 0.2), 1.0),
            'bowl': ObjectPose(np.array([0.3, 0, bowl_z]), np.full(3, 0.1), 0.9),
        },
        target,
        destination,
        reach=np.array([0.0, drawer_y - 0.1, 1.0] if target == 'drawer' else [0.35, 0, bowl_z]),
    )


AT_HANDLE = (0.0, -0.09, 1.0)
CARRY = {'target': 'bowl', 'destination': 'drawer', 'drawer_y': -0.15}


@pytest.mark.parametrize(
    ('scenes', 'expected'),
    [
        ([kitchen()], outcome.NEVER_NEAR),
        ([kitchen(AT_HANDLE)], outcome.NO_GRASP),
        ([kitchen(AT_HANDLE), kitchen(AT_HANDLE, drawer_y=-0.1)], outcome.BEGUN),
        ([kitchen(bowl_z=1.0)], outcome.WRONG_OBJECT),
        ([kitchen(AT_HANDLE), kitchen(**CARRY)], outcome.NEVER_NEAR),
        ([kitchen(AT_HANDLE), kitchen((0.35, 0, 0.95), **CARRY)], outcome.NO_GRASP),
        ([kitchen(**CARRY), kitchen((0.35, 0, 1.0), bowl_z=1.0, **CARRY)], outcome.DROPPED),
    ],
)
def test_joints_rims_and_the_goal_at_work_in_the_end(scenes, expected):
    monitor = outcome.OutcomeMonitor(kitchen())
    for s in scenes:
        monitor.update(s)
    assert monitor.classify(False) == expected


def table(gripper=(0.0, 0.0, 1.2), bowl=(0.3, 0.0, 0.9)):
    """A bowl, held by its rim, that belongs onto the stove, and a plate."""
    flat = np.array([0.2, 0.2, 0.02])
    return PrivilegedScene(
        np.array(gripper, float),
        {
            'bowl': ObjectPose(np.array(bowl, float), np.array([0.1, 0.1, 0.05]), 0.9),
            'plate': ObjectPose(np.array([0.0, 0.3, 0.88]), flat, 0.88),
            'burner': ObjectPose(np.array([-0.3, 0.0, 0.92]), flat, 0.92),
        },
        'bowl',
        'burner',
        reach=np.add(bowl, [0.05, 0.0, 0.03]),
        release_height=0.95,
    )


UP = table((0.35, 0, 1.05), (0.3, 0, 1.0))


@pytest.mark.parametrize(
    ('scenes', 'expected'),
    [
        (
            [table((0.25, 0.0, 0.95))],
            outcome.NO_GRASP,
        ),  # at the rim opposite to where it is planned
        ([table((0.3, 0.075, 0.95))], outcome.NO_GRASP),
        ([table((0.3, 0.085, 0.95))], outcome.NEVER_NEAR),
        ([UP, table()], outcome.DROPPED),
        ([UP], outcome.DROPPED),  # still in the hand
        ([UP, table(bowl=(0.0, 0.32, 0.91))], outcome.WRONG_PLACE),  # on the plate
        ([UP, table((0.05, 0.32, 0.95), (0.0, 0.32, 0.91))], outcome.DROPPED),  # held over it
        ([UP, table(bowl=(0.5, 0.3, 1.1))], outcome.WRONG_PLACE),  # on furniture
        ([UP, table(bowl=(0.5, 0.3, 0.9))], outcome.DROPPED),
    ],
)
def test_where_a_bowl_was_held_and_put(scenes, expected):
    monitor = outcome.OutcomeMonitor(table())
    for s in scenes:
        monitor.update(s)
    assert monitor.classify(False) == expected
