# SPDX-License-Identifier: Apache-2.0
import pytest

from frs_ros.guidance.operator.episode_keys import (
    OUTCOMES,
    START_KEY,
    OperatorEpisodes,
    episode_help,
)
from frs_ros.guidance.operator.keyboard import DIRECTIONS, GRIPPERS, MAGNITUDES
from frs_ros.messages.episode import Outcome


def test_start_and_end():
    idle = OperatorEpisodes('s', 'pick up the cup', seed=5)
    running, start = idle.press('B')
    assert (start.episode_id, start.instruction, start.seed) == ('s-0', 'pick up the cup', 5)
    assert start.outcome is None
    assert 's-0' in running.status
    ended, end = running.press('y')
    assert (end.episode_id, end.outcome, end.reason) == ('s-0', Outcome.SUCCESS, '')
    assert ended.status == 'no episode'
    _, again = ended.press('b')
    assert (again.episode_id, again.seed) == ('s-1', 6)


@pytest.mark.parametrize('key', OUTCOMES)
def test_an_end_needs_an_episode_and_a_start_needs_none(key):
    idle = OperatorEpisodes('s')
    assert idle.press(key) == (idle, None)
    running, _ = idle.press(START_KEY)
    assert running.press(START_KEY) == (running, None)
    ended, event = running.press(key)
    assert event.outcome is OUTCOMES[key]
    assert ended.press(key) == (ended, None)


def test_a_mistake_has_a_reason():
    running, _ = OperatorEpisodes('s').press('b')
    _, event = running.press('m')
    assert (event.outcome, event.reason) == (Outcome.ABORTED, 'aborted by the operator')


def test_no_key_means_two_things():
    keys = [START_KEY, *OUTCOMES, *DIRECTIONS, *GRIPPERS, *MAGNITUDES, 'g', 'f', ' ', '?']
    assert len(set(keys)) == len(keys)
    text = episode_help()
    assert all(key.upper() in text for key in [START_KEY, *OUTCOMES])
