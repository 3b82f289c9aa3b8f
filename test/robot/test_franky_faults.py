# SPDX-License-Identifier: Apache-2.0
"""What the exceptions of franky are taken for."""

from __future__ import annotations

import pytest

from frs_ros.robot.base import FaultKind
from frs_ros.robot.franky.faults import classify, is_own_stop, unconnected

franky = pytest.importorskip('franky')

REFLEX = (
    'libfranka: Move command aborted: motion aborted by reflex! '
    '["cartesian_reflex", "joint_velocity_violation"]\ncontrol_command_success_rate: 0.97'
)
MISSED = (
    'libfranka: Move command aborted: motion aborted by reflex! '
    '["communication_constraints_violation"]\ncontrol_command_success_rate: 0.4'
)
REJECTED = 'libfranka: Set Load command rejected: '
VERSIONS = 'libfranka: Incompatible library version (server version: 5, library version: 10). See'


@pytest.mark.parametrize(
    ('error', 'kind', 'text'),
    [
        (franky.ControlException(REFLEX), FaultKind.REFLEX, 'cartesian_reflex, joint_velocity'),
        (franky.ControlException(MISSED), FaultKind.COMMUNICATION, 'missed our packets'),
        (
            franky.ControlException('libfranka: Move command aborted: User Stop pressed!'),
            FaultKind.USER_STOP,
            'release it',
        ),
        (
            franky.CommandException(REJECTED + 'due to activated safety function! Please'),
            FaultKind.USER_STOP,
            'Desk',
        ),
        (
            franky.CommandException(REJECTED + 'manual error recovery required!'),
            FaultKind.REFLEX,
            'recover',
        ),
        (franky.CommandException(REJECTED + 'invalid argument!'), FaultKind.REFUSED, 'invalid'),
        (
            franky.NetworkException('libfranka: UDP receive: Timeout'),
            FaultKind.COMMUNICATION,
            'cable',
        ),
        (RuntimeError('Net Exception'), FaultKind.COMMUNICATION, 'cable'),
        (TimeoutError(), FaultKind.COMMUNICATION, 'cable'),
        (
            franky.ProtocolException('libfranka: incorrect object size'),
            FaultKind.COMMUNICATION,
            'incorrect object size',
        ),
        (
            RuntimeError('Motion planner failed with error code -100'),
            FaultKind.REFUSED,
            'planner',
        ),
        (
            franky.InvalidMotionTypeException('The type of motion cannot change'),
            FaultKind.REFUSED,
            'type of motion',
        ),
        (
            franky.ControlException('libfranka: Move command preempted!'),
            FaultKind.LOST_CONTROL,
            'preempted',
        ),
        (RuntimeError(), FaultKind.REFUSED, 'RuntimeError'),
    ],
)
def test_classes(error, kind, text):
    fault = classify(franky, error, 12.5)
    assert (fault.kind, fault.time) == (kind, 12.5)
    assert text in fault.text
    assert '\n' not in fault.text
    assert 'libfranka' not in fault.text


def test_names_of_the_errors_are_kept():
    fault = classify(franky, franky.ControlException(REFLEX), 0.0)
    assert fault.errors == ('cartesian_reflex', 'joint_velocity_violation')


def test_own_stop_is_told_from_the_robots():
    assert is_own_stop(franky.ControlException('libfranka: Move command preempted!'))
    text = 'libfranka: Move command preempted due to activated safety function! Please'
    assert not is_own_stop(franky.ControlException(text))


@pytest.mark.parametrize(
    ('error', 'kind', 'texts'),
    [
        (
            franky.IncompatibleVersionException(VERSIONS),
            FaultKind.VERSION,
            ('speaks version 5', 'franky version 10', 'by-robot-server-version/5'),
        ),
        (
            franky.IncompatibleVersionException('libfranka: something new'),
            FaultKind.VERSION,
            ('franky-control wheel',),
        ),
        (
            franky.RealtimeException('libfranka: Running kernel does not have realtime.'),
            FaultKind.REALTIME,
            ('PREEMPT_RT', 'group realtime', 'allow_non_realtime'),
        ),
        (TimeoutError(), FaultKind.CONNECTION, ('172.16.0.2', 'another FCI client')),
        (
            franky.NetworkException('libfranka: Connection to FCI refused. Please install FCI'),
            FaultKind.CONNECTION,
            ('172.16.0.2', 'enabled in Desk'),
        ),
        (ValueError('odd'), FaultKind.CONNECTION, ('172.16.0.2', 'odd')),
    ],
)
def test_unconnected(error, kind, texts):
    fault = unconnected(franky, error, '172.16.0.2', 1.0)
    assert fault.kind is kind
    for text in texts:
        assert text in fault.text
    assert '\n' not in fault.text
