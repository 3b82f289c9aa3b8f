# SPDX-License-Identifier: Apache-2.0
"""Playing chunks: rows by time, seams, bridges, when to ask; requests, commanders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frs_ros.messages.plan import ActionChunk
from frs_ros.robot.player import BLEND, BRIDGE, ChunkPlayer, Latencies
from frs_ros.robot.requests import REPEAT, RETRY, Episode, Requests
from frs_ros.safety.rejected import Rejected

HZ, H, EXECUTE = 15.0, 15, 8
PERIOD = 1.0 / HZ


def chunk(request_id=0, *, base=0.0, h=H, execute=EXECUTE, stamp_ns=0):
    """Row k holds base + k in every joint, and in the gripper's place its own number."""
    rows = base + np.arange(h, dtype=float)
    actions = np.repeat(rows[:, None], 8, axis=1)
    noise = np.zeros((h, 1), np.float32)
    return ActionChunk(
        request_id, 'e', actions, noise, execute, 'base', stamp_ns, 'joint_delta', HZ
    )


def ns(periods: float) -> int:
    return round(periods * PERIOD * 1e9)


def row(player: ChunkPlayer, periods: float) -> float | None:
    due = player.due(ns(periods))
    return None if due is None else float(due.action[0])


def test_nothing_is_due_without_a_chunk():
    assert ChunkPlayer().due(0) is None


def test_rows_go_by_time_from_the_observation():
    player = ChunkPlayer()
    player.take(chunk(), planned_ns=0, now_ns=ns(2.4))  # inference took 2.4 rows: skipped
    assert row(player, 2.4) == 2
    for k in range(2, 2 + EXECUTE):
        assert row(player, k) == row(player, k + 0.99) == k


def test_rest_of_the_horizon_bridges_and_then_nothing():
    player = ChunkPlayer()
    player.take(chunk(), 0, 0)
    assert row(player, EXECUTE + BRIDGE - 0.01) == EXECUTE + 2
    assert row(player, EXECUTE + BRIDGE) is None
    assert row(player, 1000.0) is None


def test_horizon_ends_even_when_the_bridge_does_not():
    player = ChunkPlayer()
    player.take(chunk(h=8), 0, 0)
    assert row(player, 7.99) == 7
    assert row(player, 8) is None


def test_chunk_from_the_future_is_not_due():
    player = ChunkPlayer()
    player.take(chunk(), planned_ns=ns(3), now_ns=0)
    assert player.due(0) is None


def test_executed_part_counts_from_the_row_that_took_over():
    player = ChunkPlayer()
    player.take(chunk(), 0, ns(4))
    assert player.remaining(ns(4)) == pytest.approx(EXECUTE)
    assert row(player, 4 + EXECUTE + 2.4) == 14
    assert player.remaining(ns(4 + EXECUTE + 3)) == 0.0


def test_seam_fades_over_rows_but_never_the_gripper():
    player = ChunkPlayer()
    player.take(chunk(0), 0, 0)
    player.take(chunk(1, base=100.0), planned_ns=ns(4), now_ns=ns(6))  # its row 2 takes over
    for since in range(BLEND + 1):
        due = player.due(ns(6 + since))
        old, new = 6 + since, 102 + since
        weight = min(1.0, (since + 1) / (BLEND + 1))
        np.testing.assert_allclose(due.action[:7], weight * new + (1 - weight) * old)
        assert due.action[7] == new


def test_seam_after_the_end_of_the_old_chunk_does_not_fade():
    player = ChunkPlayer()
    player.take(chunk(0), 0, 0)
    player.take(chunk(1, base=100.0), planned_ns=ns(20), now_ns=ns(20))
    assert row(player, 20) == 100


def test_cleared_player_has_nothing_not_even_for_a_seam():
    player = ChunkPlayer()
    player.take(chunk(0), 0, 0)
    player.clear()
    assert player.due(0) is None
    player.take(chunk(1, base=100.0), 0, 0)
    assert row(player, 0) == 100


@example([(0, 0), (66666668, 1_733_333_333)], 133333333)  # a clock that ran backwards
@given(
    st.lists(st.tuples(st.integers(0, 3_000_000_000), st.integers(0, 3_000_000_000)), max_size=6),
    st.integers(-(10**18), 10**18),
)
def test_whatever_is_due_lies_between_rows_that_exist(taken, now_ns):
    player = ChunkPlayer()
    for index, (planned, later) in enumerate(taken):
        player.take(chunk(index), planned, planned + later)
    due = player.due(now_ns)
    if due is not None:
        assert 0 <= due.action.min() <= due.action.max() <= H - 1
        assert taken


def test_lead_is_the_longest_recent_latency_and_one_row():
    latencies = Latencies()
    assert latencies.lead(HZ, EXECUTE) == 1
    latencies.add(0.3)
    for _ in range(9):
        latencies.add(0.1)
    assert latencies.lead(HZ, EXECUTE) == 6  # ceil(4.5) + 1
    latencies.add(0.1)  # the long one is forgotten
    assert latencies.lead(HZ, EXECUTE) == 3
    latencies.add(9.0)
    assert latencies.lead(HZ, EXECUTE) == EXECUTE  # bounded: it asks at once


def sent(requests: Requests, now: float, stamp_ns: int) -> int:
    return requests.ask(now, Episode('e', '', 0), stamp_ns).request_id


def test_requests_are_renewed_once_per_second_and_never_two_at_a_time():
    requests = Requests(HZ)
    assert requests.due(0.0, 0.0, 1)
    assert sent(requests, 0.0, 1000) == 0
    assert not requests.due(REPEAT - 0.01, 0.0, 1)
    assert requests.unanswered(0.5) == 0.5
    assert requests.due(REPEAT, 0.0, 1)
    assert sent(requests, REPEAT, 2000) == 1
    assert not requests.due(REPEAT + 0.5, 0.0, 1)
    # the late answer to the first counts, and the second is still waited for
    requests.match(chunk(0, stamp_ns=1000), 1.2, 1000 + 1_200_000_000)
    requests.answered(0, 1.2)
    assert not requests.due(1.3, 0.0, 1)
    requests.answered(1, 1.4)
    assert requests.due(1.5, 0.0, 1)
    assert list(requests.latencies) == pytest.approx([1.2, 0.4])


def test_next_request_waits_until_little_is_left():
    requests = Requests(HZ)
    sent(requests, 0.0, 0)
    requests.answered(0, 0.1)  # lead: 3 rows
    assert not requests.due(0.2, 3.5, EXECUTE)
    assert requests.due(0.3, 3.0, EXECUTE)


def test_refused_answer_is_asked_for_again_a_little_later():
    requests = Requests(HZ)
    sent(requests, 0.0, 0)
    requests.refused(0, 0.1)
    assert not requests.due(0.1 + RETRY - 0.01, 0.0, 1)
    assert requests.due(0.1 + RETRY, 0.0, 1)


@pytest.mark.parametrize(
    ('request_id', 'stamp', 'now', 'stamp_now', 'words'),
    [
        (7, 1000, 0.1, 100_001_000, 'not the answer'),
        (0, 999, 0.1, 100_001_000, 'not the answer'),
        (0, 1000, 0.1, 3_600_100_001_000, r'clock jumped by \+3600'),
        (0, 1000, 0.1, 1000 - 5 * 10**9, r'clock jumped by -5\.1'),
    ],
)
def test_answers_that_do_not_match(request_id, stamp, now, stamp_now, words):
    requests = Requests(HZ)
    sent(requests, 0.0, 1000)
    with pytest.raises(Rejected, match=words):
        requests.match(chunk(request_id, stamp_ns=stamp), now, stamp_now)


def test_forgotten_requests_have_no_answers_and_ids_go_on():
    requests = Requests(HZ)
    sent(requests, 0.0, 1000)
    requests.forget()
    with pytest.raises(Rejected, match='not the answer'):
        requests.match(chunk(0, stamp_ns=1000), 0.1, 100_001_000)
    assert sent(requests, 0.2, 2000) == 1
    requests.restart()
    assert sent(requests, 0.3, 3000) == 0
