# SPDX-License-Identifier: Apache-2.0
"""Gathering: parts in any order, by stamp or the newest; guidance that is stale is no guidance."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.errors import DataError
from frs_ros.guidance.path import Path
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.serving.inputs import GUIDANCE, STATE, Gatherer, StampBuffer

CAMERAS = ('agentview', 'wrist')
SECOND = 10**9


def request(stamp_ns: int, request_id: int = 0) -> PlanRequest:
    return PlanRequest(request_id, 'e', 7, 'pick up the milk', stamp_ns)


def gatherer(observations: str = 'stamped', guidance: str = 'none') -> Gatherer:
    return Gatherer(
        CAMERAS,
        observation_sync=observations,
        guidance_sync=guidance,
        guidance_timeout_ns=SECOND // 4,
    )


def image(value: int) -> bytes:
    return encode_jpeg(np.full((16, 16, 3), value, np.uint8))


def fill(target: Gatherer, stamp_ns: int, value: int = 0) -> None:
    for camera in CAMERAS:
        target.add_image(camera, stamp_ns, image(value))
    target.add_state(stamp_ns, np.full(8, float(value)), 1.0)


def test_names_what_is_missing_until_all_is_there():
    target = gatherer(guidance='stamped')
    assert target.missing(request(5)) == ['agentview', 'wrist', STATE, GUIDANCE]
    target.add_guidance(Guidance(stamp_ns=5))
    target.add_image('wrist', 5, image(0))
    assert target.missing(request(5)) == ['agentview', STATE]
    fill(target, 5)
    assert target.missing(request(5)) == []


def test_stamped_takes_exactly_the_stamp_of_the_request():
    target = gatherer()
    fill(target, 5, value=50)
    fill(target, 6, value=200)
    seen = target.observation(request(5))
    assert np.all(seen.images['wrist'] == 50)
    assert np.all(seen.state == 50)
    assert (seen.instruction, seen.gripper_command, seen.stamp_ns) == ('pick up the milk', 1.0, 5)
    assert target.missing(request(7)) == ['agentview', 'wrist', STATE]


def test_latest_takes_the_newest_whatever_its_stamp():
    target = gatherer('latest')
    fill(target, 5, value=50)
    fill(target, 6, value=200)
    assert np.all(target.observation(request(5)).images['agentview'] == 200)


def test_latest_is_the_newest_that_had_arrived_with_the_request():
    """What came while another plan was made has no part in it: a recording could not know."""
    target = gatherer('latest')
    for stamp, received, value in ((10, 12, 10), (20, 22, 20), (30, 32, 30)):
        for camera in CAMERAS:
            target.add_image(camera, stamp, image(value), received)
        target.add_state(stamp, np.full(8, float(value)), 1.0, received)
    assert target.ask(request(24), 25) == {}
    seen = target.observation(request(24))
    assert np.all(seen.images['wrist'] == 20)
    assert np.all(seen.state == 20)
    assert target.ask(request(5), 6) == {}  # before all of them: the first that came later
    assert np.all(target.observation(request(5)).images['wrist'] == 10)


def test_a_clock_that_is_ahead_is_told_by_images_that_come_before_the_request():
    target = gatherer('latest')
    for number in range(4):  # 0.4 s ahead, at 10 Hz
        stamp = SECOND + number * SECOND // 10
        target.add_image('agentview', stamp + 2 * SECOND // 5, image(number), stamp)
        target.add_image('wrist', stamp, image(number), stamp + SECOND // 1000)
        target.add_state(stamp, np.zeros(8), 1.0, stamp)
    asked = SECOND + 350 * SECOND // 1000
    assert target.ask(request(asked), asked) == {'agentview': pytest.approx(0.35)}
    seen = target.observation(request(asked))
    assert np.all(seen.images['agentview'] == 3)
    assert np.all(seen.images['wrist'] == 3)
    assert gatherer('stamped').ask(request(asked), asked) == {}


def test_an_image_that_was_too_old_when_the_request_came_is_not_used():
    target = gatherer('latest')
    for stamp, value in ((SECOND, 1), (2 * SECOND, 2)):
        for camera in CAMERAS:
            target.add_image(camera, stamp, image(value), stamp)
    target.add_state(2 * SECOND, np.zeros(8), 1.0, 2 * SECOND)
    late = request(19 * SECOND // 10)
    target.ask(late, 19 * SECOND // 10)
    assert target.missing(late) == []
    assert np.all(target.observation(late).images['wrist'] == 2)


def test_silent_streams_are_named_once_others_speak():
    target = gatherer()
    assert target.silent() == []
    target.add_image('agentview', 5, image(0))
    assert target.silent() == ['wrist', STATE]


def test_unreadable_image_is_a_data_error():
    target = gatherer()
    fill(target, 5)
    target.add_image('wrist', 5, image(0)[:40])
    with pytest.raises(DataError, match='not a readable JPEG'):
        target.observation(request(5))


def test_stamped_guidance_is_that_of_the_request():
    target = gatherer(guidance='stamped')
    old, right = Guidance(stamp_ns=4, source='old'), Guidance(stamp_ns=5, source='right')
    for wish in (right, old):
        target.add_guidance(wish)
    assert target.guidance(request(5), now_ns=99 * SECOND) is right


@pytest.mark.parametrize(
    ('age_ns', 'used'),
    [(0, True), (SECOND // 4, True), (SECOND // 4 + 1, False), (-SECOND // 4 - 1, False)],
)
def test_latest_guidance_unless_stale(age_ns, used):
    target = gatherer(guidance='latest')
    target.add_guidance(Guidance(stamp_ns=10 * SECOND - age_ns))
    assert (target.guidance(request(5), now_ns=10 * SECOND) is not None) == used
    fill(target, 5)
    assert target.missing(request(5)) == []  # nobody waits for a person


def test_guidance_none_ignores_guidance():
    target = gatherer(guidance='none')
    target.add_guidance(Guidance(stamp_ns=5))
    assert target.guidance(request(5), now_ns=5) is None


def test_buffers_forget_the_oldest():
    buffer = StampBuffer(2)
    for stamp in (3, 1, 2):
        buffer.add(stamp, stamp)
    assert [buffer.at(stamp) for stamp in (3, 1, 2)] == [None, 1, 2]
    assert (buffer.newest(), len(buffer)) == (2, 2)


def test_latest_refuses_images_that_are_not_of_the_time_of_the_request():
    target = gatherer('latest')
    fill(target, 10 * SECOND)
    assert target.missing(request(10 * SECOND + SECOND // 4)) == []
    late = request(11 * SECOND)
    assert target.too_old(late) == pytest.approx({'agentview': 1.0, 'wrist': 1.0})
    assert target.missing(late) == ['agentview', 'wrist']
    target.add_image('wrist', 11 * SECOND, image(0))
    assert target.missing(late) == ['agentview']
    assert list(target.too_old(request(0))) == ['agentview', 'wrist']  # or their clock is ahead
    assert gatherer('stamped').too_old(late) == {}


# ---- paths ------------------------------------------------------------------------------------


def followed(target: Gatherer, now_ns: int = SECOND):
    wish = target.any_guidance(request(now_ns), now_ns)
    return wish and wish.source


def test_a_path_is_followed_while_nobody_steers():
    target = gatherer(guidance='latest')
    assert followed(target) is None
    target.add_path(Path([[0.5, 0, 0.3]], source='planner', stamp_ns=SECOND))
    assert followed(target) == 'planner'
    target.add_guidance(Guidance(enabled=False, source='hand', stamp_ns=SECOND))
    assert followed(target) == 'planner'
    target.add_guidance(Guidance(direction=[1, 0, 0], source='hand', stamp_ns=SECOND + 1))
    assert followed(target) == 'hand'
    target.add_guidance(Guidance(defer=True, source='hand', stamp_ns=SECOND + 2))
    assert followed(target) == 'hand'  # who leaves it to the policy means that
    assert followed(target, SECOND + SECOND // 4 + 1) == 'hand'
    assert followed(target, SECOND + SECOND // 4 + 3) is None  # both are stale


def test_a_stale_path_is_no_path():
    target = gatherer(guidance='latest')
    target.add_path(Path([[0.5, 0, 0.3]], source='planner', stamp_ns=SECOND))
    assert followed(target, SECOND + SECOND // 4) == 'planner'
    assert followed(target, SECOND + SECOND // 4 + 1) is None
    assert followed(target, SECOND - SECOND // 4 - 1) is None
    target.add_path(Guidance(enabled=False, source='planner', stamp_ns=SECOND))  # withdrawn
    assert not target.any_guidance(request(SECOND), SECOND).active


@pytest.mark.parametrize('sync', ['stamped', 'none'])
def test_paths_have_no_part_in_lockstep(sync):
    target = gatherer(guidance=sync)
    target.add_path(Path([[0.5, 0, 0.3]], stamp_ns=SECOND))
    assert target.any_guidance(request(SECOND), SECOND) is None
