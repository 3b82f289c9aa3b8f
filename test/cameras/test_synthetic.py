# SPDX-License-Identifier: Apache-2.0
import time

import numpy as np
import pytest

from frs_ros.cameras.codec import decode_jpeg, encode_jpeg
from frs_ros.cameras.pacing import Pace
from frs_ros.cameras.synthetic import SyntheticSession, TestImage, read_number


@pytest.mark.parametrize('size', [(480, 640), (32, 32), (101, 333), (720, 1280)])
@pytest.mark.parametrize('number', [0, 1, 12345, 2**31 + 5, 2**32 - 1])
def test_the_number_can_be_read_back(size, number):
    image = TestImage(*size).draw(number)
    assert image.shape == (*size, 3)
    assert image.dtype == np.uint8
    assert read_number(image) == number
    assert read_number(decode_jpeg(encode_jpeg(image, 80))) == number


def test_images_follow_from_their_number():
    one, other = TestImage(48, 64), TestImage(48, 64)
    assert np.array_equal(one.draw(3), other.draw(3))
    lower = one.draw(3)[24:], one.draw(4)[24:]
    assert not np.array_equal(*lower)  # it moves, beside the number


def test_drawing_is_cheap():
    image = TestImage(480, 640)
    times = []
    for number in range(20):
        start = time.perf_counter()
        image.draw(number)
        times.append(time.perf_counter() - start)
    assert min(times) < 10e-3  # about half a millisecond: cameras must leave time for others


class Clock:
    def __init__(self) -> None:
        self.now = 7.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_pace_is_steady():
    clock = Clock()
    pace = Pace(30.0, clock, clock.sleep)
    times = []
    for number in range(100):
        assert pace.next(1.0) == number
        times.append(clock.now - 7.0)
    assert np.allclose(times, np.arange(100) / 30.0)


def test_pace_leaves_out_what_is_missed():
    clock = Clock()
    pace = Pace(10.0, clock, clock.sleep)
    assert pace.next(1.0) == 0
    clock.now += 0.57
    assert pace.next(1.0) == 5
    assert pace.next(1.0) == 6
    assert clock.now == pytest.approx(7.6)


def test_pace_returns_in_time_if_nothing_is_due():
    clock = Clock()
    pace = Pace(1.0, clock, clock.sleep)
    pace.next(0.1)
    assert pace.next(0.25) is None
    assert clock.now == pytest.approx(7.25)


def test_stamps_are_those_of_the_clock():
    clock = Clock()
    session = SyntheticSession(
        TestImage(32, 32), Pace(20.0, clock, clock.sleep), lambda: round(1e9 * clock.now)
    )
    frames = [session.read(1.0) for _ in range(3)]
    assert [f.stamp_ns for f in frames] == [7_000_000_000, 7_050_000_000, 7_100_000_000]
    assert [read_number(f.rgb) for f in frames] == [f.number for f in frames] == [0, 1, 2]
