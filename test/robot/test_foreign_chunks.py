# SPDX-License-Identifier: Apache-2.0
"""Chunks of publishers that nobody knows, for other words than were asked, or without an end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from cell_world import HZ, World

from frs_ros.robot.cell_state import CellState

SERVER = {'a': '/policy_server'}


def asked(world: World):
    """A request that is waited for, and nothing sent yet."""
    world.alive = False
    world.run(1.2, until=lambda: world.requests)
    assert not world.driver.commanded
    return world.requests[-1]


def test_chunk_of_an_unknown_publisher_is_refused_and_the_true_answer_taken():
    world = World()
    world.controller.on_commanders(SERVER)
    request = asked(world)
    rogue = world.answer(request, actions=np.ones((30, 8)), execute_steps=30)
    world.controller.on_chunk(rogue, None, 'rogue')
    world.controller.refuse(request.request_id, 'unreadable', 'rogue')
    assert not world.driver.commanded
    assert (
        world.status.refusal == f'chunk {request.request_id} is from a publisher that nobody knows'
    )
    assert (world.status.chunks, world.status.refused) == (0, 2)
    world.controller.on_chunk(world.answer(request), None, 'a')
    assert world.state is CellState.ACTIVE
    assert world.driver.commanded


def test_an_unknown_publisher_that_is_there_is_a_second_commander_at_once():
    world = World()
    world.controller.on_commanders(SERVER)
    world.run(1.0)
    present = {**SERVER, 'b': '/intruder'}
    world.controller._plans.commanders._census = lambda: present
    world.now += 0.1
    sent = len(world.driver.commanded)
    world.controller.on_chunk(world.answer(world.requests[-1]), None, 'b')
    assert world.state is CellState.STOPPED
    assert '/intruder' in world.status.reason
    assert len(world.driver.commanded) == sent


def test_a_restarted_server_is_heard_before_the_next_regular_look():
    world = World()
    world.controller.on_commanders(SERVER)
    request = asked(world)
    world.run(1.5)
    world.controller._plans.commanders._census = lambda: {**SERVER, 'c': '/policy_server'}
    request = world.requests[-1]
    world.controller.on_chunk(world.answer(request), None, 'c')
    assert world.state is CellState.ACTIVE


@pytest.mark.parametrize('changes', [{'instruction': 'throw it'}, {'seed': 8}])
def test_chunk_for_other_words_is_refused_and_the_true_answer_taken(changes):
    world = World()
    request = asked(world)
    world.deliver(world.answer(request, **changes))
    assert not world.driver.commanded
    assert 'which was not asked for; does another node ask the policy server?' in (
        world.status.refusal
    )
    world.deliver(world.answer(request))
    assert world.driver.commanded


@pytest.mark.parametrize(
    ('rows', 'execute', 'words'),
    [
        (2000, 8, r'lasts 133.33 s, more than 4 s (parameter chunk_span)'),
        (61, 8, 'lasts 4.07 s'),
        (60, 31, 'would be executed for 2.07 s without a new one, more than 2 s'),
    ],
)
def test_chunk_that_is_too_long_is_refused(rows, execute, words):
    world = World()
    request = asked(world)
    world.deliver(world.answer(request, actions=np.zeros((rows, 8)), execute_steps=execute))
    assert not world.driver.commanded
    assert words in world.status.refusal


def test_silence_after_the_longest_chunk_holds_in_time():
    world = World()
    request = asked(world)
    longest = world.answer(request, actions=np.full((60, 8), 0.05), execute_steps=30)
    world.deliver(longest)
    began = world.now
    world.run_to(CellState.HOLD, 3.0)
    assert world.now - began <= 2.0 + 2.5 / HZ + 0.05


def test_a_refused_stranger_does_not_end_the_wait_for_the_answer():
    """As with a chunk for other words: who answers first and wrongly must not win by that."""
    world = World()
    request = asked(world)
    world.deliver(replace(world.answer(request), stamp_ns=request.stamp_ns + 1))
    asked_so_far = len(world.requests)
    world.run(0.5)
    assert len(world.requests) == asked_so_far
    world.deliver(world.answer(request))
    assert world.driver.commanded
