# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in whatever order: what must hold of the controller always."""

from __future__ import annotations

import pytest

pytest.importorskip('pinocchio')

import numpy as np
from cell_world import CELL, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frs_ros.robot.cell_state import CellState, NotNow
from frs_ros.robot.scripted import CommunicationLoss, Push, Reflex, SlowState, UserStop

COMMANDING = (CellState.ACTIVE, CellState.HOLD, CellState.HOMING)

# Moments within the few seconds that a sequence lasts.
moments = st.floats(0.2, 3.0)
scripts = st.lists(
    st.one_of(
        st.builds(Reflex, moments),
        st.builds(lambda at: UserStop(at, at + 0.4), moments),
        st.builds(lambda at: CommunicationLoss(at, at + 0.3), moments),
        st.builds(lambda at: SlowState(at, at + 0.4, period=0.2), moments),
        st.builds(lambda at: Push(at, at + 0.2, force=(40.0, 0.0, 0.0)), moments),
    ),
    max_size=3,
)
operator = st.sampled_from(['resume', 'recover', 'home', 'stop', 'end_episode', 'episode'])
happening = st.one_of(
    operator,
    st.sampled_from(['film', 'freeze', 'answer', 'silence', 'slow', 'poison', 'heal']),
    st.floats(-5.0, 5.0),  # the clock of the stamps jumps
)
sequences = st.lists(st.tuples(happening, st.floats(0.01, 0.6)), min_size=4, max_size=14)


def poison(chunk):
    chunk.actions[:, 2] = np.nan
    return chunk


class Checked:
    """A world, and what must hold in it after every step."""

    def __init__(self, script) -> None:
        self.world = World(script)
        self.latched = False  # a fault came, and not all of recover and resume since
        self.sent = 0

    def happen(self, what) -> None:
        world, controller = self.world, self.world.controller
        if isinstance(what, float):
            world.wall += what
        elif what in ('film', 'freeze'):
            world.filming = what == 'film'
        elif what in ('answer', 'silence'):
            world.alive = what == 'answer'
        elif what == 'slow':
            world.latency = 0.7
        elif what in ('poison', 'heal'):
            world.mangle = poison if what == 'poison' else (lambda chunk: chunk)
        elif what == 'episode':
            controller.start_episode(f'e{world.now}', '', 1)
        else:
            try:
                getattr(controller, what)()
            except NotNow:
                return
            if what == 'resume':
                self.latched = False

    def run(self, seconds: float) -> None:
        end = self.world.now + seconds
        while self.world.now < end:
            before = self.world.state
            self.world.run(0.01)
            self.check(before)

    def check(self, before: CellState) -> None:
        """Commands only in the states that may send them, and none after a fault."""
        world = self.world
        sent, self.sent = len(world.driver.commanded) - self.sent, len(world.driver.commanded)
        assert sent == 0 or before in COMMANDING
        if self.latched:
            assert sent == 0
        if world.state is CellState.FAULT:
            self.latched = True
        if world.driver.fault is not None:
            assert world.state is CellState.FAULT


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts, sequences)
def test_no_sequence_breaks_the_rules(script, sequence):
    checked = Checked(script)
    for what, seconds in sequence:
        checked.happen(what)
        checked.run(seconds)
    world = checked.world
    assert world.driver.fastest <= CELL.speeds.joint_speed + 1e-9
    ours = ('position', 'velocity', 'acceleration')  # reflexes that our own commands would cause
    fault = world.driver.fault
    assert fault is None or not any(word in fault.text for word in ours)
    world.controller.close()
    before = len(world.driver.commanded)
    world.controller.tick()
    assert len(world.driver.commanded) == before
