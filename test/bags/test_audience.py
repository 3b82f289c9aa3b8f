# SPDX-License-Identifier: Apache-2.0
"""When a playback may begin."""

from __future__ import annotations

import pytest

from frs_ros.bags.play.audience import AT_MOST, SETTLE, Audience
from frs_ros.errors import DataError


def test_wanted_subscribers_and_a_moment_more():
    audience = Audience(wanted=2, limit=10.0, now=100.0)
    assert not audience.complete(1, 105.0)
    assert not audience.complete(2, 106.0)
    assert not audience.complete(3, 106.0 + 0.9 * SETTLE)  # another one: there may be more
    assert not audience.complete(3, 106.0 + 1.5 * SETTLE)
    assert audience.complete(3, 106.0 + 2.0 * SETTLE)


def test_subscribers_that_do_not_come_are_counted():
    audience = Audience(wanted=2, limit=10.0, now=0.0)
    assert not audience.complete(1, 9.9)
    with pytest.raises(DataError, match='1 of 2 subscribers were there after 10 s'):
        audience.complete(1, 10.0)


def test_nobody_in_particular_is_waited_for_until_the_count_stands_still():
    audience = Audience(wanted=0, limit=0.0, now=0.0)
    assert not audience.complete(0, 0.5 * SETTLE)
    assert not audience.complete(1, 0.9 * SETTLE)
    assert not audience.complete(1, 1.8 * SETTLE)
    assert audience.complete(1, 2.0 * SETTLE)


def test_nobody_in_particular_is_not_waited_for_forever():
    audience = Audience(wanted=0, limit=0.0, now=0.0)
    seconds = 0.0
    while not audience.complete(round(seconds * 10), seconds):  # a new one every 0.1 s
        seconds += 0.1
    assert seconds == pytest.approx(AT_MOST, abs=0.11)
