# SPDX-License-Identifier: Apache-2.0
"""Axes to guidance: one direction at a time, and none from silence or from what was held."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.errors import ConfigError
from frs_ros.guidance.operator.mapper import Axes, DirectionMapper, MapperSettings
from frs_ros.messages.guidance import Gripper

MS = 1_000_000
REST = (0.0,) * 6
FORWARD = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Hand:
    """Feeds a mapper a sample every 20 ms, as a device does."""

    def __init__(self, **settings) -> None:
        self.mapper = DirectionMapper(MapperSettings(**settings), 'test')
        self.now = 10_000 * MS

    def show(self, values=REST, ms=20, enable=None, buttons=()):
        for _ in range(max(1, ms // 20)):
            self.now += 20 * MS
            axes = Axes(self.now, values, enable, buttons)
            self.mapper = self.mapper.update(axes)
        return self

    def wait(self, ms):
        self.now += ms * MS
        return self

    @property
    def wish(self):
        return self.mapper.guidance(self.now)

    @property
    def direction(self):
        return tuple(self.wish.direction)


def along(axis: int, size: float, **others: float) -> tuple[float, ...]:
    values = [0.0] * 6
    values[axis] = size
    for name, value in others.items():
        values[['x', 'y', 'z', 'roll', 'pitch', 'yaw'].index(name)] = value
    return tuple(values)


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('sign', [1, -1])
def test_the_pushed_axis_is_the_direction(axis, sign):
    wish = Hand().show().show(along(axis, 0.8 * sign)).wish
    assert wish.active
    assert (wish.source, wish.magnitude) == ('test', 1.0)
    expected = np.zeros(3)
    expected[axis] = sign
    np.testing.assert_array_equal(wish.direction, expected)


def test_hysteresis():
    hand = Hand(tap=0.01).show()
    assert not hand.show(along(0, 0.34)).wish.enabled
    assert hand.show(along(0, 0.36)).direction == (1, 0, 0)
    assert hand.show(along(0, 0.21)).direction == (1, 0, 0)
    assert not hand.show(along(0, 0.19)).wish.enabled
    assert not hand.show(along(0, 0.34)).wish.enabled


def test_a_diagonal_is_no_direction_and_does_not_end_one():
    hand = Hand().show()
    assert not hand.show(along(0, 0.8, y=0.7)).wish.enabled
    assert hand.show(along(0, 0.8, y=0.6)).direction == (1, 0, 0)
    assert hand.show(along(0, 0.8, y=0.8)).direction == (1, 0, 0)


def test_switching_takes_dominance_over_the_present_axis():
    hand = Hand().show().show(along(0, 0.6))
    assert hand.show(along(0, 0.6, y=0.77)).direction == (1, 0, 0)
    assert hand.show(along(0, 0.6, y=0.79)).direction == (0, 1, 0)
    assert hand.show(along(1, -0.5)).direction == (0, -1, 0)  # back through the middle


def test_what_is_held_at_the_start_is_no_wish_until_it_was_at_rest():
    hand = Hand().show(FORWARD, ms=2000)
    assert not hand.wish.enabled
    hand.show(along(0, 0.25), ms=100).show(FORWARD, ms=100)  # not let go of
    assert not hand.wish.enabled
    assert hand.show().show(FORWARD).direction == (1, 0, 0)


def test_what_is_held_across_a_gap_is_no_wish_until_it_was_at_rest():
    hand = Hand().show().show(FORWARD, ms=100)
    assert hand.wait(230).wish.enabled
    assert not hand.wait(30).wish.enabled  # stale: nobody steers, not the last direction
    assert not hand.show(FORWARD, ms=1000).wish.enabled
    assert hand.show().show(FORWARD).direction == (1, 0, 0)


@pytest.mark.parametrize('own', [True, False])
def test_hold_to_run_needs_an_edge(own):
    hand = Hand() if own else Hand(enable_button=2)

    def show(values, pressed, ms=20):
        switch = {'enable': pressed} if own else {'buttons': (False, False, pressed)}
        return hand.show(values, ms, **switch).wish

    assert not show(FORWARD, True, ms=500).enabled  # held at the start
    assert not show(FORWARD, False).enabled
    assert show(FORWARD, True).enabled
    assert not show(FORWARD, False).enabled  # at once: no tap outlives the switch
    assert show(FORWARD, True).enabled
    hand.wait(300)
    assert not show(FORWARD, True, ms=500).enabled  # held across a gap
    show(FORWARD, False)
    assert tuple(show(FORWARD, True).direction) == (1, 0, 0)


def test_a_tap_lasts_its_time_and_a_longer_push_ends_with_the_hand():
    hand = Hand(tap=0.6).show().show(FORWARD, ms=40).show(ms=500)
    assert hand.direction == (1, 0, 0)
    assert not hand.show(ms=100).wish.enabled
    hand.show(along(2, -1.0), ms=700)
    assert hand.direction == (0, 0, -1)
    assert not hand.show().wish.enabled


def test_the_next_tap_replaces_the_one_before():
    hand = Hand().show().show(FORWARD, ms=40).show(ms=40).show(along(1, 1.0), ms=40).show(ms=40)
    assert hand.direction == (0, 1, 0)


def test_a_lost_device_forgets_taps_and_buttons():
    hand = Hand().show().show(FORWARD, ms=40).show(buttons=(True, False))
    assert hand.wish.enabled
    hand.mapper = hand.mapper.lost()
    assert not hand.wish.enabled
    assert hand.wish.gripper is Gripper.POLICY
    assert not hand.show(FORWARD).wish.enabled


@pytest.mark.parametrize(
    ('values', 'buttons', 'named'),
    [
        ((math.nan, 0, 0, 0, 0, 0), (), 'not finite'),
        ((0, 0, math.inf, 0, 0, 0), (), 'not finite'),
        ((0.0,) * 5, (), '5 axes'),
        ((0.0,) * 7, (), '7 axes'),
    ],
)
def test_nonsense_is_rejected_and_refreshes_nothing(values, buttons, named):
    hand = Hand().show().show(FORWARD, ms=100)
    hand.show(values, ms=240, buttons=buttons)
    assert named in hand.mapper.complaint
    assert hand.direction == (1, 0, 0)
    hand.show(values, buttons=buttons)
    assert not hand.wish.enabled
    assert hand.show().mapper.complaint == ''


def test_a_stamp_that_goes_back_is_rejected_and_refreshes_nothing():
    hand = Hand().show().show(FORWARD, ms=100)
    late = Axes(hand.now - MS, REST)
    for _ in range(13):
        hand.wait(20)
        hand.mapper = hand.mapper.update(late)
    assert 'older' in hand.mapper.complaint
    assert not hand.wish.enabled


def test_a_sample_from_the_future_steers_nobody():
    hand = Hand().show().show(FORWARD)
    assert not hand.mapper.guidance(hand.now - MS).enabled


def test_a_switch_that_does_not_exist_is_named():
    hand = Hand(enable_button=4).show(FORWARD, buttons=(False, False))
    assert 'enable_button is 4, but the device has 2 buttons' in hand.mapper.complaint
    assert not hand.wish.enabled


def test_gripper_buttons_count_when_pressed_and_for_a_tap():
    hand = Hand(tap=0.6).show(buttons=(True, False), ms=100)
    assert hand.wish.gripper is Gripper.POLICY  # held at the start
    hand.show(buttons=(False, False)).show(buttons=(True, False), ms=40)
    assert hand.wish.gripper is Gripper.OPEN
    assert hand.wish.active
    hand.show(buttons=(False, False), ms=500)
    assert hand.wish.gripper is Gripper.OPEN
    hand.show(buttons=(False, True), ms=2000)
    assert hand.wish.gripper is Gripper.CLOSE  # for as long as it is held
    hand.show(buttons=(False, False))
    assert not hand.wish.enabled
    hand.show(buttons=(False, True)).wait(300).show(buttons=(False, True), ms=100)
    assert hand.wish.gripper is Gripper.POLICY  # held across a gap


def test_gripper_and_direction_go_together():
    wish = Hand().show(buttons=(False, False)).show(FORWARD, buttons=(False, True)).wish
    assert wish.gripper is Gripper.CLOSE
    assert tuple(wish.direction) == (1, 0, 0)


def test_rotation_only_if_allowed():
    twist = along(5, -0.9)
    assert not Hand().show().show(twist).wish.enabled
    wish = Hand(allow_rotation=True, magnitude=0.5).show().show(twist).wish
    assert tuple(wish.rotation) == (0, 0, -0.5)
    assert tuple(wish.direction) == (0, 0, 0)


def test_a_twist_does_not_outweigh_a_push_while_rotation_is_off():
    assert Hand().show().show(along(0, 0.5, yaw=0.9)).direction == (1, 0, 0)


def test_magnitude_fixed_or_from_the_deflection():
    assert Hand(magnitude=0.4).show().show(along(0, 0.5)).wish.magnitude == 0.4
    hand = Hand(magnitude=0.5, proportional=True).show().show(along(0, 0.8))
    assert hand.wish.magnitude == pytest.approx(0.4)
    assert hand.show(along(0, 0.4)).wish.magnitude == pytest.approx(0.2)
    assert hand.show().wish.magnitude == pytest.approx(0.4)  # the tap was that strong
    assert hand.show(along(0, 3.0)).wish.magnitude == pytest.approx(0.5)


@pytest.mark.parametrize(
    ('yaw', 'forward', 'left'),
    [
        (0.0, (1, 0, 0), (0, 1, 0)),
        (math.pi, (-1, 0, 0), (0, -1, 0)),
        (math.pi / 2, (0, 1, 0), (-1, 0, 0)),
        (-math.pi / 2, (0, -1, 0), (1, 0, 0)),
    ],
)
def test_forward_is_where_the_operator_looks(yaw, forward, left):
    assert Hand(view_yaw=yaw).show().show(FORWARD).direction == forward
    assert Hand(view_yaw=yaw).show().show(along(1, 1.0)).direction == left
    assert Hand(view_yaw=yaw).show().show(along(2, 1.0)).direction == (0, 0, 1)


@pytest.mark.parametrize(
    'wrong', [{'on': 0.1}, {'off': 0.0}, {'on': 1.5}, {'enable_button': 0}, {'close_button': 0}]
)
def test_settings_that_contradict_each_other(wrong):
    with pytest.raises(ConfigError):
        MapperSettings(**wrong)


def test_states_are_values():
    mapper = DirectionMapper()
    mapper.update(Axes(0, REST)).update(Axes(MS, FORWARD))
    assert mapper == DirectionMapper()


SAMPLES = st.lists(
    st.tuples(
        st.integers(-400, 400),  # ms since the one before
        st.lists(st.floats(allow_nan=True, width=32), min_size=5, max_size=7),
        st.sampled_from([None, True, False]),
        st.lists(st.booleans(), max_size=3),
    ),
    max_size=20,
)


@given(SAMPLES, st.booleans(), st.integers(-100, 600))
def test_whatever_comes_the_wish_is_sound(samples, rotation, later):
    """Never two axes, never from silence, and what is accepted was sound."""
    mapper, now = DirectionMapper(MapperSettings(allow_rotation=rotation)), 10_000 * MS
    fresh = None
    for ms, values, enable, buttons in samples:
        now += ms * MS
        after = mapper.update(Axes(now, values, enable, tuple(buttons)))
        if after.complaint:
            assert after.last is mapper.last
        else:
            assert len(values) == 6
            assert np.all(np.isfinite(values))
            fresh = now
        mapper = after
    wish = mapper.guidance(now + later * MS)
    assert np.count_nonzero(wish.direction) + np.count_nonzero(wish.rotation) <= 1
    if fresh is None or not 0 <= now + later * MS - fresh <= 250 * MS:
        assert not wish.enabled
