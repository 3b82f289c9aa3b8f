# SPDX-License-Identifier: Apache-2.0
"""A device and its mapper together; what the operator reads."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.guidance.operator.mapper import Axes, DirectionMapper, MapperSettings
from frs_ros.guidance.operator.pilots import DevicePilot
from frs_ros.guidance.operator.screen import status
from frs_ros.messages.guidance import Gripper, Guidance

MS = 1_000_000
REST, FORWARD = (0.0,) * 6, (1.0, 0, 0, 0, 0, 0)


class Source:
    """A device whose state the test sets; nothing comes while `values` is None."""

    def __init__(self) -> None:
        self.values, self.line, self.closed = REST, '', False

    def start(self) -> None:
        pass

    def take(self, now_ns: int) -> list[Axes]:
        return [] if self.values is None else [Axes(now_ns, self.values)]

    def fault(self) -> str:
        return self.line

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def source():
    return Source()


def play(pilot, source, values, start_ms: int, end_ms: int) -> Guidance:
    source.values = values
    for ms in range(start_ms, end_ms, 20):
        wish = pilot.guidance(ms * MS)
    return wish


def test_a_fault_ends_the_wish_at_once_and_rest_is_needed_again(source):
    pilot = DevicePilot(source, DirectionMapper(source='test'))
    play(pilot, source, REST, 0, 100)
    assert play(pilot, source, FORWARD, 100, 200).enabled
    source.line = 'gone'
    assert not pilot.guidance(200 * MS).enabled
    assert pilot.fault() == 'gone'
    source.line = ''
    assert not play(pilot, source, FORWARD, 220, 1000).enabled
    play(pilot, source, REST, 1000, 1100)
    assert play(pilot, source, FORWARD, 1100, 1200).enabled


def test_a_device_that_hangs_steers_nobody_and_is_named(source):
    pilot = DevicePilot(source, DirectionMapper(source='test'))
    play(pilot, source, REST, 0, 100)
    play(pilot, source, FORWARD, 100, 200)
    assert not play(pilot, source, None, 200, 500).enabled
    assert pilot.fault() == ''
    play(pilot, source, None, 500, 1300)
    assert 'test shows nothing' in pilot.fault()


DRIFT = (0.25, 0, 0, 0, 0, 0)
TURNED = (0, 0, 0, 0, 0, 0.3)  # a rotation, which is not allowed


@pytest.mark.parametrize(('values', 'named'), [(DRIFT, 'x 0.25'), (TURNED, 'yaw 0.30')])
def test_a_device_that_is_never_at_rest_is_told_after_a_while(source, values, named):
    pilot = DevicePilot(source, DirectionMapper(source='test'))
    play(pilot, source, values, 0, 2000)
    assert pilot.fault() == ''  # it may be held on purpose
    wish = play(pilot, source, values, 2000, 4000)
    assert not wish.enabled
    assert f'not seen at rest: {named} (at rest below 0.2)' in pilot.fault()
    assert pilot.restless()
    play(pilot, source, REST, 4000, 4100)
    assert (pilot.fault(), pilot.restless()) == ('', False)
    assert play(pilot, source, FORWARD, 4100, 4200).enabled


def test_an_enable_button_that_is_never_up_is_told(source):
    settings = MapperSettings(enable_button=2)
    mapper = DirectionMapper(settings, source='test')
    for ms in range(0, 4000, 20):
        mapper = mapper.update(Axes(ms * MS, REST, buttons=(False, False, True)))
    assert 'enable button up' in mapper.restless
    assert not mapper.update(Axes(4000 * MS, REST, buttons=(False,) * 3)).restless


@pytest.mark.parametrize(
    ('values', 'named'),
    [
        ((), '0 axes instead of 6'),
        ((0.0,) * 1000, '1000 axes instead of 6'),
        ((float('inf'), *REST[1:]), 'not finite'),
    ],
)
def test_samples_that_cannot_be_meant_steer_nobody_and_are_named(source, values, named):
    pilot = DevicePilot(source, DirectionMapper(source='test'))
    play(pilot, source, REST, 0, 100)
    assert not play(pilot, source, values, 100, 1000).enabled
    assert named in pilot.fault()


def test_values_beyond_the_range_are_full_deflection(source):
    pilot = DevicePilot(source, DirectionMapper(MapperSettings(proportional=True), 'test'))
    play(pilot, source, REST, 0, 100)
    assert play(pilot, source, (1e300, 0, 0, 0, 0, 0), 100, 200).magnitude == 1.0


def test_nonsense_is_named(source):
    pilot = DevicePilot(source, DirectionMapper(source='test'))
    play(pilot, source, (np.nan,) * 6, 0, 20)
    assert 'not finite' in pilot.fault()
    pilot.close()
    assert source.closed


@pytest.mark.parametrize(
    ('guidance', 'words'),
    [
        (Guidance(enabled=False), 'not steering'),
        (Guidance(direction=np.array([0, 0, -1.0]), magnitude=0.5), 'z -1.0'),
        (Guidance(rotation=np.array([0, 0, 0.5])), 'turning'),
        (Guidance(direction=np.array([1.0, 0, 0]), frame='wrist'), 'z +0.0 of wrist'),
        (Guidance(defer=True), 'left to the policy'),
        (Guidance(gripper=Gripper.CLOSE), 'gripper close'),
    ],
)
def test_status_says_what_is_wished(guidance, words):
    line = status(guidance, 'no episode', lost=False)
    assert words in line
    assert 'no episode' in line
    assert '\n' not in line


def test_status_of_a_lost_device_and_of_episodes_alone():
    assert 'joy: not there' in status(Guidance(source='joy'), 'no episode', lost=True)
    assert status(None, 'episode a-1', lost=False) == 'episode a-1'
    line = status(Guidance(source='joy'), 'no episode', lost=True, restless=True)
    assert 'joy: not at rest, let go' in line
