# SPDX-License-Identifier: Apache-2.0
"""Episodes from messages: by id and stamp, in whatever order they arrive."""

from __future__ import annotations

import random
from functools import partial
from types import SimpleNamespace as Message
from typing import Any

import numpy as np
import pytest

from frs_ros.bags.episodes.assembler import AssemblerSettings, EpisodeAssembler
from frs_ros.bags.episodes.matching import KEPT_MOST
from frs_ros.bags.episodes.message_parts import NS, Deferred
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.bags.episodes.session import TWO_ANSWERS, UNSURE_CHUNKS
from frs_ros.errors import DataError

MS = 1_000_000
START_NS = 1_700_000_000 * NS
Pushed = tuple[str, int, Any]


def header(stamp_ns: int) -> Message:
    return Message(stamp=Message(sec=stamp_ns // NS, nanosec=stamp_ns % NS))


def event(kind: int, stamp_ns: int, name: str = 'e0', outcome: int = 0) -> Message:
    return Message(
        header=header(stamp_ns), event=kind, id=name, instruction='open the drawer', seed=7,
        outcome=outcome, reason='', steps=20,
    )  # fmt: skip


def chunk(stamp_ns: int, request: int, name: str = 'e0', **changes: Any) -> Message:
    values = {
        'header': header(stamp_ns), 'request_id': request, 'episode_id': name, 'method': 'frs',
        'horizon': 2, 'action_dim': 3, 'model_dim': 4, 'policy_id': 'ab', 'execute_steps': 1,
        'action_space': 'cartesian_delta', 'control_hz': 20.0,
        'actions': np.arange(6.0) + request, 'noise': np.arange(8.0) + request,
    }  # fmt: skip
    return Message(**{**values, **changes})


def request(stamp_ns: int, number: int, name: str = 'e0') -> Message:
    return Message(
        header=header(stamp_ns), request_id=number, episode_id=name, seed=7, instruction=''
    )


def state(stamp_ns: int) -> Message:
    return Message(header=header(stamp_ns), policy_state=[stamp_ns - START_NS, 1.0])


def image(stamp_ns: int) -> Message:
    return Message(header=header(stamp_ns), format='jpeg', data=stamp_ns)


def episode(
    began_ns: int, name: str = 'e0', plans: int = 4, outcome: int = 1, prefix: str = ''
) -> list[Pushed]:
    """A lockstep episode: observation, request, chunk and report every 100 ms."""
    pushed: list[Pushed] = [(f'{prefix}/episode', began_ns, event(1, began_ns, name))]
    for n in range(plans):
        now = began_ns + (n + 1) * 100 * MS
        report = Message(header=header(now), request_id=n, episode_id=name, guided=n % 2 == 0)
        pushed += [
            (f'{prefix}/robot_state', now, state(now)),
            (f'{prefix}/agentview/color/image_raw/compressed', now + 1, image(now)),
            (f'{prefix}/wrist/color/image_raw/compressed', now + 2, image(now)),
            (f'{prefix}/plan_request', now + 3, request(now, n, name)),
            (f'{prefix}/action_chunk', now + 4, chunk(now, n, name)),
            (f'{prefix}/steering_report', now + 5, report),
        ]
    now = began_ns + (plans + 1) * 100 * MS
    return [*pushed, (f'{prefix}/episode', now, event(2, now, name, outcome))]


def assemble(
    pushed: list[Pushed], assembler: EpisodeAssembler | None = None
) -> list[RecordedEpisode]:
    assembler = assembler or EpisodeAssembler()
    episodes: list[RecordedEpisode] = []
    for item in pushed:
        episodes += assembler.push(*item)
    return episodes + assembler.flush()


def stamps(found: RecordedEpisode, camera: str = 'agentview') -> list[int | None]:
    return [c.images[camera].data if camera in c.images else None for c in found.chunks]


@pytest.mark.parametrize('prefix', ['', '/robot_1', '/lab/robot_1'])
def test_a_lockstep_episode_is_put_together_exactly(prefix: str) -> None:
    (found,) = assemble(episode(START_NS, prefix=prefix))
    assert (found.id, found.instruction, found.outcome) == ('e0', 'open the drawer', 'success')
    assert (found.seed, found.steps) == (7, 20)
    assert found.duration == pytest.approx(0.5)
    assert [c.chunk.request_id for c in found.chunks] == [0, 1, 2, 3]
    assert [c.steered for c in found.chunks] == [True, False, True, False]
    assert found.steered_share == 0.5
    for item in found.chunks:
        assert {p.data for p in item.images.values()} == {item.chunk.stamp_ns}
        assert set(item.images) == {'agentview', 'wrist'}
        assert item.state is not None
        assert item.state[0] == item.chunk.stamp_ns - START_NS
        assert item.chunk.noise.shape == (2, 4)


def test_fields_of_another_type_are_read_or_refused() -> None:
    """A bag has definitions of its own: the seed as int64, a state of one number."""
    pushed = episode(START_NS)
    for topic, _, message in pushed:
        if topic == '/episode':
            message.seed = -1
        if topic == '/robot_state':
            message.policy_state = 0.5
    (found,) = assemble(pushed)
    assert found.seed == 2**64 - 1
    assert [c.state for c in found.chunks] == [None] * 4


@pytest.mark.parametrize('seed', range(20))
def test_topics_may_be_swapped_and_messages_repeated(seed: int) -> None:
    in_order = episode(START_NS) + episode(START_NS + 900 * MS, 'e1', outcome=2)
    rng = random.Random(seed)
    disturbed = [(t, s + rng.randrange(200 * MS), m) for t, s, m in in_order * 2]
    disturbed.sort(key=lambda item: item[1])
    # the end of a topic's past is not overtaken by its own future
    for name in ('/episode',):
        places = [i for i, item in enumerate(disturbed) if item[0] == name]
        events = [m for t, _, m in in_order if t == name for m in (m, m)]
        for place, message in zip(places, events, strict=True):
            disturbed[place] = (name, disturbed[place][1], message)
    ours, theirs = assemble(in_order), assemble(disturbed)
    assert [e.id for e in theirs] == ['e0', 'e1']
    for a, b in zip(ours, theirs, strict=True):
        assert (a.outcome, stamps(a), stamps(a, 'wrist')) == (
            b.outcome, stamps(b), stamps(b, 'wrist'),
        )  # fmt: skip
        for x, y in zip(a.chunks, b.chunks, strict=True):
            assert np.array_equal(x.chunk.noise, y.chunk.noise)
            assert x.steered == y.steered
            assert x.state is not None
            assert y.state is not None
            assert np.array_equal(x.state, y.state)


def test_an_episode_is_handed_out_a_second_after_its_end() -> None:
    assembler = EpisodeAssembler()
    for item in episode(START_NS):
        assert not assembler.push(*item)
    end_ns = START_NS + 500 * MS
    assert not assembler.settle(end_ns + NS)
    assert [e.id for e in assembler.settle(end_ns + NS + 1)] == ['e0']
    assert not assembler.flush()


def test_a_image_is_the_newest_that_the_policy_can_have_seen() -> None:
    base = START_NS + NS
    pushed: list[Pushed] = [('/episode', START_NS, event(1, START_NS))]
    for n in range(60):  # 30 Hz
        pushed.append(('/w/color/image_raw', base + n * 33 * MS, image(base + n * 33 * MS)))
    pushed += [
        ('/action_chunk', base + s * MS + 5, chunk(base + s * MS, n))
        for n, s in enumerate((0, 32, 1000))
    ]
    pushed.sort(key=lambda item: item[1])
    (found,) = assemble(pushed)
    assert stamps(found, 'w') == [base, base, base + 990 * MS]


def cell(ahead_ms: int = 0, latency_ms: int = 30) -> list[Pushed]:
    """Plans of a cell: a camera at 30 Hz that delivers late, requests at times of their own."""
    pushed: list[Pushed] = [('/episode', START_NS, event(1, START_NS))]
    for n in range(60):
        taken = START_NS + n * 33 * MS
        name = '/w/color/image_raw/compressed'
        pushed.append((name, taken + latency_ms * MS, image(taken + ahead_ms * MS)))
    for n in range(8):
        asked = START_NS + (400 + 150 * n) * MS
        pushed.append(('/robot_state', asked - MS, state(asked - 2 * MS)))
        pushed.append(('/plan_request', asked + MS, request(asked, n)))
        pushed.append(('/action_chunk', asked + 90 * MS, chunk(asked, n)))
    return sorted(pushed, key=lambda item: item[1])


@pytest.mark.parametrize('ahead_ms', [0, 401])
def test_a_image_is_the_newest_that_had_arrived_with_the_request(ahead_ms: int) -> None:
    """As the policy server does with the latest images, however wrong the clock of the camera."""
    pushed, assembler = cell(ahead_ms), EpisodeAssembler()
    (found,) = assemble(pushed, assembler)
    for item, taken in zip(found.chunks, stamps(found, 'w'), strict=True):
        asked = item.chunk.stamp_ns + MS
        arrived = [m.data for t, s, m in pushed if t.startswith('/w') and s <= asked]
        assert taken == arrived[-1]
    words = f'stamps of camera w are up to {ahead_ms / 1000 - 0.03:.2f} s ahead'
    assert [line.startswith(words) for line in assembler.remarks] == [True] * bool(ahead_ms)


def test_without_requests_the_stamps_decide() -> None:
    pushed = [item for item in cell() if item[0] != '/plan_request']
    (found,) = assemble(pushed)
    for item, taken in zip(found.chunks, stamps(found, 'w'), strict=True):
        assert taken is not None
        assert 0 <= item.chunk.stamp_ns - taken < 33 * MS


def test_times_of_receipt_that_stand_still_leave_it_to_the_stamps() -> None:
    (found,) = assemble([(topic, START_NS, message) for topic, _, message in cell()])
    for item, taken in zip(found.chunks, stamps(found, 'w'), strict=True):
        assert taken is not None
        assert 0 <= item.chunk.stamp_ns - taken < 33 * MS


def test_memory_is_bounded_although_the_times_of_receipt_stand_still() -> None:
    assembler = EpisodeAssembler()
    for n in range(3 * KEPT_MOST):
        assembler.push('/w/color/image_raw', 0, Deferred(n * 33 * MS, partial(image, n)))
    (stream,) = assembler._images._streams.values()
    assert len(stream._values) == KEPT_MOST


@pytest.mark.parametrize(
    ('changed', 'left'),
    [
        ([0, 0, 0, 0], []),
        ([5, 5, 5, 5], []),
        ([100, 200, 50, 60], [0, 1]),  # set back
        ([100, 200, 200, 300], [0, 3]),
        ([400, 300, 200, 100], [0]),
    ],
)
def test_chunks_whose_stamps_do_not_rise_are_left_out_and_counted(
    changed: list[int], left: list[int]
) -> None:
    assembler = EpisodeAssembler()
    pushed: list[Pushed] = [('/episode', START_NS, event(1, START_NS))]
    for n, offset in enumerate(changed):
        stamp, now = (START_NS + offset * MS) * bool(offset), START_NS + (n + 1) * 100 * MS
        pushed += [
            ('/robot_state', now, state(stamp)),
            ('/w/color/image_raw', now, image(stamp)),
            ('/plan_request', now + 1, request(stamp, n)),
            ('/action_chunk', now + 2, chunk(stamp, n)),
        ]
    (found,) = assemble(pushed, assembler)
    assert [c.chunk.request_id for c in found.chunks] == left
    assert assembler.counts == {UNSURE_CHUNKS: 4 - len(left)} == found.problems
    (line,) = assembler.complaints
    assert "stamps of episode 'e0' are equal, 0 or run back" in line
    assert found.duration >= 0


def test_an_episode_that_two_servers_answered_is_aborted() -> None:
    messages = episode(START_NS)
    where = next(i for i, (topic, _, _) in enumerate(messages) if topic == '/action_chunk')
    now, answer = messages[where][1:]
    for noise, outcome in ((answer.noise, 'success'), (answer.noise + 1, 'aborted')):
        other = Message(**{**vars(answer), 'noise': noise})
        pushed = [
            *messages[: where + 1],
            ('/action_chunk', now + 1, other),
            *messages[where + 1 :],
        ]
        assembler = EpisodeAssembler()
        found = [e for m in pushed for e in assembler.push(*m)] + assembler.flush()
        assert [e.outcome for e in found] == [outcome]
        assert found[0].problems == ({} if outcome == 'success' else {TWO_ANSWERS: 1})
    assert 'two policy servers' in assembler.complaints[0]
    assert found[0].reason == 'two policy servers answered'


def test_beyond_the_tolerance_there_is_no_image() -> None:
    pushed: list[Pushed] = [('/w/color/image_raw', START_NS, image(START_NS))]
    for n, offset in enumerate((-900, -500, 500, 501)):
        stamp = START_NS + offset * MS
        pushed.append(('/action_chunk', START_NS + 1, chunk(stamp, n)))
        pushed.append(('/robot_state', START_NS + 2, state(stamp - 100 * MS - (n == 0))))
    (found,) = assemble(pushed)
    assert stamps(found, 'w') == [None, START_NS, START_NS, None]
    assert [c.state is None for c in found.chunks] == [True, False, False, False]


def test_only_images_of_chunks_are_prepared_once_and_memory_is_bounded() -> None:
    prepared: list[int] = []

    def prepare(message: Any) -> int:
        stamp: int = message.load().data
        prepared.append(stamp)
        return stamp

    assembler = EpisodeAssembler(AssemblerSettings(cameras=('w',)), prepare)
    pushed: list[Pushed] = [('/episode', START_NS, event(1, START_NS))]
    asked = []
    for n in range(3000):  # 100 s of two cameras at 30 Hz
        stamp = START_NS + n * 33 * MS
        late = Deferred(stamp, partial(image, stamp))
        pushed += [(f'/{c}/color/image_raw/compressed', stamp, late) for c in 'vw']
        if n % 30 == 0:
            asked.append(stamp)
            pushed.append(('/plan_request', stamp + 1, request(stamp, n)))
            pushed.append(('/action_chunk', stamp + 600 * MS, chunk(stamp, n)))
    pushed.sort(key=lambda item: item[1])
    kept = 0
    for item in pushed:
        assembler.push(*item)
        streams = assembler._images._streams.values()
        kept = max(kept, sum(len(stream._values) for stream in streams))
    (found,) = assembler.flush()
    assert [c.images['w'] for c in found.chunks] == asked
    assert sorted(prepared) == asked
    assert kept < 90


def test_a_slow_policy_finds_the_image_it_saw_even_without_requests() -> None:
    later = START_NS + 20 * NS
    (found,) = assemble(
        [
            ('/w/color/image_raw/compressed', START_NS, image(START_NS)),
            ('/robot_state', START_NS, state(START_NS)),
            ('/action_chunk', later, chunk(START_NS, 0)),
        ]
    )
    assert stamps(found, 'w') == [START_NS]
    assert found.chunks[0].state is not None


def test_a_request_long_after_its_state_finds_it_although_states_go_on() -> None:
    pushed: list[Pushed] = [('/robot_state', START_NS, state(START_NS))]
    asked_ns = START_NS + 2300 * MS  # rendering took so long
    pushed.append(('/plan_request', asked_ns, request(START_NS, 0)))
    for n in range(20):
        later = asked_ns + 100 * MS * (n + 1)
        pushed.append(('/robot_state', later, state(later)))
    pushed.append(('/action_chunk', asked_ns + NS, chunk(START_NS, 0)))
    (found,) = assemble(sorted(pushed, key=lambda item: item[1]))
    assert found.chunks[0].state is not None
    assert found.chunks[0].state[0] == 0


def test_an_observation_that_is_heard_only_when_it_is_repeated_counts() -> None:
    pushed: list[Pushed] = [
        ('/robot_state', START_NS - 50 * MS, state(START_NS - 50 * MS)),
        ('/plan_request', START_NS, request(START_NS, 0)),
    ]
    for n in range(3):  # the recorder was matched late, and the policy is slow
        now = START_NS + (3 + 3 * n) * NS
        pushed += [
            ('/robot_state', now, state(START_NS)),
            ('/w/color/image_raw/compressed', now, image(START_NS)),
            ('/plan_request', now, request(START_NS, 0)),
        ]
    pushed.append(('/action_chunk', START_NS + 60 * NS, chunk(START_NS, 0)))
    (found,) = assemble(pushed)
    assert stamps(found, 'w') == [START_NS]
    assert found.chunks[0].state is not None
    assert found.chunks[0].state[0] == 0


def test_jpegs_win_over_raw_images_and_the_view_is_nobodys() -> None:
    raw, jpeg = image(START_NS), Message(header=header(START_NS), data=-1)
    (found,) = assemble(
        [
            ('/w/color/image_raw', START_NS, raw),
            ('/w/color/image_raw/compressed', START_NS, jpeg),
            ('/view/color/image_raw/compressed', START_NS, raw),
            ('/action_chunk', START_NS, chunk(START_NS, 0)),
        ]
    )
    assert {camera: p.data for camera, p in found.chunks[0].images.items()} == {'w': -1}


@pytest.mark.parametrize(('code', 'outcome'), [(1, 'success'), (2, 'failure'), (3, 'aborted')])
def test_outcomes(code: int, outcome: str) -> None:
    assert assemble(episode(START_NS, outcome=code))[0].outcome == outcome


def test_an_episode_without_an_end_is_unknown_but_kept() -> None:
    cut = episode(START_NS)[:-1]
    found = assemble(cut + episode(START_NS + 5 * NS, 'e1'))
    assert [(e.id, e.outcome, len(e.chunks)) for e in found] == [
        ('e0', 'unknown', 4),
        ('e1', 'success', 4),
    ]


def test_a_recording_that_begins_in_the_middle_is_kept() -> None:
    latched_end = ('/episode', START_NS, event(2, START_NS, 'before', 1))
    (found,) = assemble([latched_end, *episode(START_NS)[8:]])
    assert (found.id, found.outcome) == ('e0', 'success')
    assert [c.chunk.request_id for c in found.chunks] == [1, 2, 3]


def test_ids_may_be_used_again() -> None:
    found = assemble(episode(START_NS) + episode(START_NS + 600 * MS, outcome=2))
    assert [(e.outcome, len(e.chunks)) for e in found] == [('success', 4), ('failure', 4)]


def test_two_robots_at_the_same_time() -> None:
    both = episode(START_NS, 'a', prefix='/left') + episode(START_NS + 1, 'a', 3, 2, '/right')
    found = assemble(sorted(both, key=lambda item: item[1]))
    assert sorted((e.outcome, len(e.chunks)) for e in found) == [('failure', 3), ('success', 4)]


@pytest.mark.parametrize(
    'changes',
    [
        {'noise': np.zeros(7)},
        {'actions': np.zeros(5)},
        {'horizon': 0},
        {'actions': np.full(6, np.nan)},
        {'execute_steps': 3},
        {'action_space': 'wishes'},
        {'control_hz': 0.0},
    ],
)
def test_a_corrupt_chunk_is_counted_and_the_rest_kept(changes: dict[str, Any]) -> None:
    pushed = episode(START_NS)
    pushed[5] = (*pushed[5][:2], chunk(START_NS + 100 * MS, 0, **changes))
    assembler = EpisodeAssembler()
    (found,) = assemble(pushed, assembler)
    assert len(found.chunks) == 3
    assert found.problems == assembler.counts == {'corrupt chunks': 1}
    assert len(assembler.complaints) == 1
    assert "chunk 0 of episode 'e0'" in assembler.complaints[0]


def test_noise_that_is_nan_is_no_corruption() -> None:
    pushed = episode(START_NS)
    pushed[5] = (*pushed[5][:2], chunk(START_NS + 100 * MS, 0, noise=np.full(8, np.nan)))
    (found,) = assemble(pushed)
    assert np.isnan(found.chunks[0].chunk.noise).all()


def test_messages_of_others_are_counted() -> None:
    foreign = [
        ('/episode', START_NS, Message(data='hello')),
        ('/robot_state', START_NS, Message(header=header(START_NS))),
        ('/w/color/image_raw', START_NS, Message(data='hello')),
        ('/action_chunk', START_NS, Message(episode_id='x')),
        ('/chatter', START_NS, Message(data='hello')),
        ('/episode', START_NS, event(9, START_NS)),
    ]
    assembler = EpisodeAssembler()
    assert not assemble(foreign, assembler)
    assert assembler.counts == {'messages of another type': 3, 'corrupt episode events': 1}


def test_a_image_that_cannot_be_read_is_missing() -> None:
    def prepare(message: Any) -> Any:
        raise DataError('no image')

    assembler = EpisodeAssembler(prepare=prepare)
    (found,) = assemble(episode(START_NS), assembler)
    assert not found.chunks[0].images
    assert assembler.unreadable_images == 8


@pytest.mark.parametrize('jump', [-3600, 3600])
def test_a_clock_that_jumps_between_episodes_loses_nothing(jump: int) -> None:
    found = assemble(episode(START_NS) + episode(START_NS + jump * NS, 'e1'))
    assert sorted(e.id for e in found) == ['e0', 'e1']
    for item in found:
        assert stamps(item) == [c.chunk.stamp_ns for c in item.chunks]


@pytest.mark.parametrize('topic', ['/episode', '/plan_request', '/view/color/image_raw'])
def test_wants(topic: str) -> None:
    assembler = EpisodeAssembler(AssemblerSettings(cameras=('wrist',)))
    assert assembler.wants(topic) == ('view' not in topic)
    assert assembler.wants('/wrist/color/image_raw/compressed')
    assert not assembler.wants('/agentview/color/image_raw/compressed')
    assert not assembler.wants('/wrist/color/camera_info')
