# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.errors import ConfigError
from frs_ros.guidance.coarse import diagonal, dominant
from frs_ros.guidance.oracle import OracleSettings, hesitating, is_held, oracle_guidance
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.types import ObjectPose, PrivilegedScene

D = np.sqrt(0.5)


def scene(gripper, target=(0.1, 0.0, 0.04), height=0.08, rest=0.04, basket=(0.0, 0.3, 0.05)):
    """A milk carton and a basket; the gripper where the test wants it."""
    objects = {
        'milk_1': ObjectPose(np.array(target), np.array([0.05, 0.05, height]), rest),
        'basket_1': ObjectPose(np.array(basket), np.array([0.2, 0.2, 0.1]), 0.05),
    }
    return PrivilegedScene(np.array(gripper), objects, 'milk_1', 'basket_1', stamp_ns=42)


def test_far_away_it_steers_sideways():
    wish = oracle_guidance(scene([-0.1, 0.0, 0.3]), magnitude=0.5)
    np.testing.assert_allclose(wish.direction, [1, 0, 0])
    assert wish.active
    assert (wish.magnitude, wish.source, wish.stamp_ns) == (0.5, 'oracle', 42)


def test_diagonal_by_default_and_dominant_on_request():
    from_here = scene([-0.1, -0.15, 0.3])
    np.testing.assert_allclose(oracle_guidance(from_here).direction, [D, D, 0])
    np.testing.assert_allclose(oracle_guidance(from_here, coarse=dominant).direction, [1, 0, 0])


def test_sideways_steering_slows_down_and_ends_three_centimetres_beside():
    far, close, there = (oracle_guidance(scene([x, 0.0, 0.3])) for x in (0.0, 0.065, 0.075))
    assert (far.direction[0], far.magnitude) == (1, 1.0)
    assert (close.direction[0], close.magnitude) == (1, 0.5)
    np.testing.assert_allclose(there.direction, [0, 0, -1])
    assert there.magnitude == 1.0


def test_a_careful_operator_goes_on_sideways_until_nearer():
    from_here = scene([0.075, 0.0, 0.3])
    careful = oracle_guidance(from_here, settings=OracleSettings(near_target=0.02))
    np.testing.assert_allclose(oracle_guidance(from_here).direction, [0, 0, -1])
    assert (careful.direction[0], careful.magnitude) == (1, 0.5)


def test_the_hand_is_open_while_reaching_and_the_policys_while_carrying():
    assert oracle_guidance(scene([-0.1, 0.0, 0.3])).gripper == Gripper.OPEN
    assert oracle_guidance(scene([0.1, 0.0, 0.3])).gripper == Gripper.OPEN
    carrying = scene([0.1, 0, 0.17], target=(0.1, 0, 0.16))
    assert oracle_guidance(carrying).gripper == Gripper.POLICY


@pytest.mark.parametrize(
    ('height', 'grasp'),
    [(0.08, 0.045), (0.04, 0.04)],  # tall: 3.5 cm below the top at 0.08; flat: at the origin
)
def test_above_it_goes_down_until_close_to_the_grasp(height, grasp):
    above, at = (scene([0.1, 0.01, grasp + dz], height=height) for dz in (0.05, 0.04))
    np.testing.assert_allclose(oracle_guidance(above).direction, [0, 0, -1])
    assert oracle_guidance(at).defer
    assert not oracle_guidance(at).active


def test_held_means_lifted_and_in_the_hand():
    assert is_held(scene([0.1, 0, 0.1], target=(0.1, 0, 0.07)))
    assert not is_held(scene([0.1, 0, 0.1], target=(0.1, 0, 0.06)))  # 2 cm is no lift
    assert not is_held(scene([0.0, 0, 0.1], target=(0.1, 0, 0.09)))  # 10 cm aside
    assert not is_held(scene([0.0, 0, 0.1], target=(0.1, 0, 0.07), rest=0.05))


def test_while_lifting_it_defers():
    lifting = scene([0.1, 0, 0.15], target=(0.1, 0, 0.14))
    assert oracle_guidance(lifting).defer


def test_held_high_it_steers_to_the_destination():
    carrying = scene([0.1, 0, 0.17], target=(0.1, 0, 0.16))
    np.testing.assert_allclose(oracle_guidance(carrying).direction, [0, 1, 0])


def test_above_the_destination_it_goes_down_into_it_and_defers():
    """The basket's top is at 0.15 m; the release is left to the policy 2 cm below."""
    not_yet = scene([0.0, 0.26, 0.3], target=(0.0, 0.26, 0.29))
    np.testing.assert_allclose(oracle_guidance(not_yet).direction, [0, 1, 0])
    above = scene([0.0, 0.28, 0.3], target=(0.0, 0.28, 0.29))
    np.testing.assert_allclose(oracle_guidance(above).direction, [0, 0, -1])
    inside = scene([0.0, 0.28, 0.13], target=(0.0, 0.28, 0.12))
    assert oracle_guidance(inside).defer


def test_dropped_on_the_way_it_reaches_again():
    dropped = scene([0.1, 0.2, 0.3], target=(0.1, 0.1, 0.04))
    np.testing.assert_allclose(oracle_guidance(dropped).direction, [0, -1, 0])


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=2).filter(lambda o: np.linalg.norm(o) > 1e-6)
)
def test_coarse_directions_are_unit_and_within_reach_of_the_offset(offset):
    offset = np.array(offset)
    unit = offset / np.linalg.norm(offset)
    # Worst cases: tan(a) = 1/2 beside an axis, 45 degrees for the dominant axis.
    for coarse, worst in [(diagonal, 2 / np.sqrt(5)), (dominant, D)]:
        direction = coarse(offset)
        assert np.linalg.norm(direction) == pytest.approx(1)
        assert direction[2] == 0
        assert direction[:2] @ unit >= worst - 1e-9


def test_unknown_objects_are_named():
    broken = PrivilegedScene(np.zeros(3), scene([0, 0, 0]).objects, 'soup_1', 'basket_1')
    with pytest.raises(ConfigError, match=r"'soup_1'.*basket_1, milk_1"):
        oracle_guidance(broken)


def bowl_scene(gripper, bowl=(0.1, 0.0, 0.9), **facts):
    """A bowl, to be grasped at its rim, and a burner of a stove."""
    objects = {
        'bowl_1': ObjectPose(np.array(bowl), np.array([0.1, 0.1, 0.05]), 0.9),
        'burner': ObjectPose(np.array([-0.2, 0.2, 0.91]), np.array([0.15, 0.15, 0.005]), 0.91),
    }
    reach = np.add(bowl, [0.0, 0.045, 0.03])
    return PrivilegedScene(np.array(gripper), objects, 'bowl_1', 'burner', reach=reach, **facts)


def test_a_bowl_is_reached_at_its_rim():
    np.testing.assert_allclose(
        oracle_guidance(bowl_scene([0.1, -0.1, 1.1])).direction, [0, 1, 0], atol=1e-12
    )
    above = oracle_guidance(bowl_scene([0.1, 0.045, 1.1]))
    np.testing.assert_allclose(above.direction, [0, 0, -1])
    assert oracle_guidance(bowl_scene([0.1, 0.045, 0.95])).defer


def test_a_bowl_counts_as_held_at_its_rim_and_is_carried_by_where_it_is():
    lifted = {'bowl': (0.1, 0.0, 1.05), 'carry_height': 1.03, 'release_height': 0.93}
    held = bowl_scene([0.1, 0.055, 1.08], **lifted)
    assert is_held(held)
    assert not is_held(bowl_scene([0.1, 0.08, 1.08], **lifted))
    np.testing.assert_allclose(oracle_guidance(held).direction, [-D, D, 0])
    there = bowl_scene([-0.2, 0.245, 1.08], **{**lifted, 'bowl': (-0.2, 0.2, 1.05)})
    np.testing.assert_allclose(oracle_guidance(there).direction, [0, 0, -1])


def test_up_before_furniture_and_defer_where_it_is_let_go():
    low = bowl_scene([0.1, 0.05, 1.04], bowl=(0.1, 0.0, 1.0), carry_height=1.2)
    np.testing.assert_allclose(oracle_guidance(low).direction, [0, 0, 1])
    down = {'bowl': (-0.2, 0.2, 0.928), 'carry_height': 1.03, 'release_height': 0.93}
    assert oracle_guidance(bowl_scene([-0.2, 0.245, 0.96], **down)).defer


def test_onto_a_plate_it_goes_sideways_no_higher_than_needed():
    held = {'bowl': (0.1, 0.0, 0.94), 'release_height': 0.93}
    assert oracle_guidance(
        bowl_scene([0.1, 0.05, 0.97], **held)
    ).defer  # up to 0.12 above its rest
    low = bowl_scene([0.1, 0.05, 0.97], carry_height=0.96, **held)
    np.testing.assert_allclose(oracle_guidance(low).direction, [-D, D, 0])
    assert oracle_guidance(bowl_scene([0.1, 0.05, 0.955], carry_height=0.96, **held)).defer


def test_what_is_brought_down_from_furniture_is_held_until_it_is_let_go():
    def bowl(z):
        return bowl_scene([-0.2, 0.245, z + 0.03], bowl=(-0.2, 0.2, z), release_height=0.8)

    assert is_held(bowl(0.85))  # its rest was at 0.9
    np.testing.assert_allclose(oracle_guidance(bowl(0.85)).direction, [0, 0, -1])
    assert not is_held(bowl(0.79))


def test_an_operator_who_hesitates_says_nothing_now_and_then():
    said = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='oracle')
    rng = np.random.default_rng(0)
    quiet = [hesitating(said, 0.3, rng).defer for _ in range(1000)]
    assert 0.25 < np.mean(quiet) < 0.35
    assert hesitating(said, 0.0, rng) is said
    assert not hesitating(said, 1.0, rng).active
