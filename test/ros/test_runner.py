# SPDX-License-Identifier: Apache-2.0
"""Runners against a scripted world and servers that are slow, lost, restarted or wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from frs_ros.messages.episode import Outcome
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.sim.lockstep import LockstepRunner
from frs_ros.sim.realtime import LEAD, RealtimeRunner
from frs_ros.sim.runner import REPEAT, Job, Limits

HORIZON, EXECUTE = 10, 5


class World:
    """Counts steps; solved after `solved_after` of them."""

    def __init__(self, scene, solved_after: int = 10**6) -> None:
        self._scene, self._solved_after = scene, solved_after
        self.gripper_command = -1.0
        self.actions: list[np.ndarray] = []
        self.resets: list[int] = []

    def reset(self, init_id: int) -> None:
        self.resets.append(init_id)
        self.actions = []

    def step(self, action: np.ndarray) -> bool:
        self.actions.append(np.array(action))
        self.gripper_command = float(action[6])
        return len(self.actions) >= self._solved_after

    def scene(self):
        return self._scene


class Outlet:
    """Records what the runner says."""

    def __init__(self) -> None:
        self.requests: list[PlanRequest] = []
        self.events: list = []
        self.reasons: list[str] = []
        self.repeats = self.waits = self.steps = 0
        self.present = frozenset({'server'})

    def ask(self, request_id: int, episode_id: str, seed: int) -> PlanRequest:
        self.requests.append(PlanRequest(request_id, episode_id, seed, 'task', len(self.requests)))
        return self.requests[-1]

    def repeat(self) -> None:
        self.repeats += 1

    def stepped(self, steps: int) -> None:
        self.steps = steps

    def episode(self, event) -> None:
        self.events.append(event)

    def servers(self) -> frozenset[str]:
        return self.present

    def rivals(self) -> str:
        return 'two servers'

    def waiting(self, request: PlanRequest) -> None:
        self.waits += 1

    def answered(self) -> None:
        pass

    def rejected(self, reason: str) -> None:
        self.reasons.append(reason)


class Rig:
    """A runner with everything around it."""

    def __init__(self, kind, scene, *, max_steps=20, solved_after=10**6, episodes=1) -> None:
        self.now = 100.0
        self.world, self.outlet = World(scene, solved_after), Outlet()
        self.runner = kind(
            self.world,
            self.outlet,
            iter([Job(f'job{n}', 30 + n, 1000 + n) for n in range(episodes)]),
            instruction='task',
            limits=Limits(max_steps, answer_timeout=3.0, abort_after=10.0),
            clock=lambda: self.now,
        )

    @property
    def request(self) -> PlanRequest:
        return self.outlet.requests[-1]

    def chunk(self, **changes) -> ActionChunk:
        """The answer to the last request; action i has x = 100 * request id + i."""
        actions = np.zeros((HORIZON, 7))
        actions[:, 0] = 100 * self.request.request_id + np.arange(HORIZON)
        actions[:, 6] = 1.0
        answer = ActionChunk(
            self.request.request_id,
            self.request.episode_id,
            actions,
            np.zeros((HORIZON, 7), np.float32),
            EXECUTE,
            'frs',
            self.request.stamp_ns,
            'cartesian_delta',
            20.0,
            instruction=self.request.instruction,
            seed=self.request.seed,
        )
        return dataclasses.replace(answer, **changes)

    def answer(self, **changes) -> None:
        self.runner.on_chunk(self.chunk(**changes))

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.25)):
            self.now += 0.25
            self.runner.on_tick()

    @property
    def xs(self) -> list[int]:
        return [int(a[0]) for a in self.world.actions]

    @property
    def ends(self):
        return [e for e in self.outlet.events if e.outcome is not None]


@pytest.fixture
def rig(scene):
    def make(kind=LockstepRunner, **options) -> Rig:
        made = Rig(kind, scene, **options)
        made.runner.start()
        return made

    return make


def test_lockstep_executes_the_first_actions_of_each_chunk(rig):
    r = rig(max_steps=12)
    assert r.xs == []  # stands still until answered
    for _ in range(3):
        r.answer()
    assert r.xs == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104, 200, 201]
    assert [q.request_id for q in r.outlet.requests] == [0, 1, 2]
    assert r.runner.finished
    assert [(e.outcome, e.reason, e.steps) for e in r.ends] == [
        (Outcome.FAILURE, 'never near', 12)
    ]


def test_success_ends_the_episode_at_once(rig):
    r = rig(solved_after=7)
    r.answer()
    r.answer()
    assert [(e.outcome, e.reason, e.steps) for e in r.ends] == [(Outcome.SUCCESS, '', 7)]


def test_episodes_follow_each_other_with_their_own_seeds(rig):
    r = rig(episodes=2, max_steps=5)
    r.answer()
    assert r.world.resets == [30, 31]
    assert (r.request.request_id, r.request.seed) == (0, 1001)
    assert not r.runner.finished
    r.answer()
    assert r.runner.finished
    assert len({e.episode_id for e in r.outlet.events}) == 2


@pytest.mark.parametrize('changes', [{'request_id': 7}, {'episode_id': 'another'}])
def test_answers_to_other_requests_are_ignored(rig, changes):
    r = rig()
    r.answer(**changes)
    assert r.xs == []
    r.answer()
    assert len(r.xs) == EXECUTE


def test_an_answer_given_twice_is_executed_once(rig):
    r = rig()
    twice = r.chunk()
    r.runner.on_chunk(twice)
    r.runner.on_chunk(twice)
    assert len(r.xs) == EXECUTE


def test_chunks_for_another_robot_are_refused(rig):
    r = rig()
    r.answer(actions=np.zeros((HORIZON, 8)))
    assert r.xs == []
    assert '8 numbers per action' in r.outlet.reasons[0]
    r.answer()
    assert len(r.xs) == EXECUTE


def test_unanswered_requests_are_repeated_then_reported(rig):
    r = rig()
    r.answer()
    r.pass_time(2.75)
    assert (r.outlet.repeats, r.outlet.waits) == (2, 0)
    r.pass_time(0.25)
    assert r.outlet.waits == 1
    r.answer()
    assert r.ends == []  # slow is not lost


def test_lost_server_aborts_and_the_init_state_is_run_again(rig):
    r = rig(episodes=2)
    r.answer()
    r.pass_time(10.0)
    (end,) = r.ends
    assert (end.outcome, end.steps) == (Outcome.ABORTED, EXECUTE)
    assert 'no answer' in end.reason
    assert r.world.resets == [30, 30]
    assert r.request.request_id == 0
    r.pass_time(300.0)  # the dead one is still listed: the new attempt waits, without more aborts
    assert len(r.ends) == 1
    r.outlet.present = frozenset({'server', 'server again'})
    r.answer()
    assert len(r.xs) == EXECUTE


def test_server_restarted_within_the_limit_aborts_too(rig):
    r = rig()
    r.answer()
    r.pass_time(0.5)
    r.outlet.present = frozenset({'server', 'server again'})
    r.pass_time(REPEAT)
    assert [e.reason for e in r.ends] == ['the policy server was restarted']
    r.answer()
    assert len(r.ends) == 1
    assert len(r.xs) == EXECUTE


def test_answer_of_a_restarted_server_to_a_repetition_aborts(rig):
    r = rig()
    r.answer()
    late = r.chunk()
    r.pass_time(REPEAT)
    r.outlet.present = frozenset({'server again'})
    r.runner.on_chunk(late)
    assert [e.outcome for e in r.ends] == [Outcome.ABORTED]


def test_server_that_left_properly_is_noticed_early(rig):
    r = rig()
    r.answer()
    r.outlet.present = frozenset()
    r.pass_time(4.0)
    assert [e.reason for e in r.ends] == ['the policy server is gone']


def test_without_any_server_yet_the_first_episode_waits(rig, scene):
    r = Rig(LockstepRunner, scene)
    r.outlet.present = frozenset()
    r.runner.start()
    r.pass_time(100.0)
    assert r.ends == []
    assert r.outlet.waits > 0
    r.outlet.present = frozenset({'server'})
    r.answer()
    assert len(r.xs) == EXECUTE


def test_realtime_skips_the_actions_that_planning_took(rig):
    r = rig(RealtimeRunner, max_steps=100)
    r.runner.on_period()
    assert r.xs == []  # does not move before the first chunk
    r.answer()
    for _ in range(EXECUTE - LEAD):
        r.runner.on_period()
    assert r.request.request_id == 1  # asked before the executed part ends
    r.runner.on_period()  # while the answer is under way
    r.answer()
    r.runner.on_period()
    assert r.xs == [0, 1, 2, 3, 101]


def test_realtime_holds_when_the_chunk_is_used_up(rig):
    r = rig(RealtimeRunner, max_steps=100)
    r.answer()
    for _ in range(HORIZON + 3):
        r.runner.on_period()
    assert r.xs[:HORIZON] == list(range(HORIZON))
    for action in r.world.actions[HORIZON:]:
        assert np.array_equal(action, [0, 0, 0, 0, 0, 0, 1.0])
    r.answer()  # made for a past that is longer ago than its horizon
    r.runner.on_period()
    assert r.xs[-1] == 0


def test_realtime_ends_at_the_limit_and_aborts_when_lost(rig):
    r = rig(RealtimeRunner, max_steps=4, episodes=2)
    r.answer()
    for _ in range(10):
        r.runner.on_period()
    assert [(e.outcome, e.steps) for e in r.ends] == [(Outcome.FAILURE, 4)]
    assert r.xs == []  # the next episode waits for its own first chunk
    r.pass_time(10.0)
    assert r.ends[-1].outcome is Outcome.ABORTED


@pytest.mark.parametrize('kind', [LockstepRunner, RealtimeRunner])
def test_several_servers_abort_until_one_is_left(rig, kind):
    """Two graphs in one domain: both servers answer, and which comes first is chance."""
    r = rig(kind)
    r.outlet.present = frozenset({'server', 'other'})
    r.answer()
    late = r.chunk(request_id=0)
    r.runner.on_chunk(late)  # the answer of the other one
    assert [(e.outcome, e.reason) for e in r.ends] == [(Outcome.ABORTED, 'two servers')]
    asked, done = len(r.outlet.requests), len(r.world.actions)
    r.pass_time(5.0)
    if kind is RealtimeRunner:
        r.runner.on_period()
    r.answer()
    assert (len(r.outlet.requests), len(r.world.actions)) == (asked, done)  # nothing moves
    r.outlet.present = frozenset({'server'})
    r.pass_time(0.25)
    assert r.world.resets == [30, 30]  # the same init state under another id
    assert r.request.episode_id not in {e.episode_id for e in r.ends}
    r.answer()
    assert len(r.ends) == 1


def test_repetitions_may_be_answered_as_often(rig):
    r = rig(episodes=2, max_steps=EXECUTE)
    r.outlet.present = frozenset({'server', 'listed for a while'})  # of the second episode
    r.answer()
    r.pass_time(REPEAT)
    assert r.outlet.repeats == 1
    first = r.chunk()
    r.answer()
    assert [e.outcome for e in r.ends] == [Outcome.FAILURE, Outcome.FAILURE]
    assert r.runner.finished
    r.runner.on_chunk(first)  # to the repetition
    r.runner.on_chunk(first)
    assert len(r.ends) == 2


def test_an_answer_too_many_of_an_earlier_request_counts(rig):
    r = rig(max_steps=30)
    r.outlet.present = frozenset({'server', 'other'})
    first = r.chunk()
    r.answer()
    r.answer()
    assert not r.ends
    r.runner.on_chunk(first)
    assert r.ends[0].outcome is Outcome.ABORTED
