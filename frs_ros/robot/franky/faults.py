# SPDX-License-Identifier: Apache-2.0
"""What an exception of franky means. Its types overlap, so the text decides with them."""

from __future__ import annotations

import re
from types import ModuleType

from frs_ros.robot.base import Fault, FaultKind
from frs_ros.robot.revealed import SILENT, USER_STOP, by_errors

# libfranka: 'Move command aborted: motion aborted by reflex! ["cartesian_reflex", ...]'
ERROR_NAMES = re.compile(r'"(\w+)"')
PREFIX = re.compile(r'^libfranka( \w+)?: ')
VERSIONS = re.compile(r'server version: (\d+), library version: (\d+)')
SAFETY_FUNCTION = (
    'a safety function of the robot is active; look at its Desk, disable it, then recover'
)


def is_own_stop(error: BaseException) -> bool:
    """Whether it only says that a motion has ended because we ended it."""
    return 'command preempted!' in str(error).lower()


def classify(franky: ModuleType, error: BaseException, now: float) -> Fault:
    """The fault behind an exception of a connected robot.

    Planner faults and lost connections may come as a bare RuntimeError.

    Args:
        franky: The library.
        error: As raised by it.
        now: Driver's clock, for the fault's time.
    """
    text = line(error)
    lower = text.lower()
    if isinstance(error, TimeoutError):
        return Fault(FaultKind.COMMUNICATION, SILENT, time=now)
    if isinstance(error, franky.NetworkException) or 'net exception' in lower:
        return Fault(FaultKind.COMMUNICATION, f'{SILENT} ({text})', time=now)
    if isinstance(error, franky.ProtocolException):
        return Fault(FaultKind.COMMUNICATION, f'{text}; recover connects anew', time=now)
    if 'user stop' in lower:
        return Fault(FaultKind.USER_STOP, USER_STOP, time=now)
    if 'safety function' in lower:
        return Fault(FaultKind.USER_STOP, SAFETY_FUNCTION, time=now)
    names = tuple(ERROR_NAMES.findall(str(error)))
    if names or 'reflex' in lower or 'error recovery required' in lower:
        return by_errors(names, now)
    if isinstance(error, franky.ControlException):
        return Fault(FaultKind.LOST_CONTROL, f'the robot ended the motion: {text}', time=now)
    return Fault(FaultKind.REFUSED, f'the robot refused: {text}', time=now)


def unconnected(franky: ModuleType, error: BaseException, address: str, now: float) -> Fault:
    """The fault behind an exception of the attempt to connect.

    Args:
        franky: The library.
        error: As raised by it, or the TimeoutError of our own limit.
        address: Of the robot.
        now: Driver's clock, for the fault's time.
    """
    text = line(error)
    if isinstance(error, franky.IncompatibleVersionException):
        return Fault(FaultKind.VERSION, _versions(text), time=now)
    if isinstance(error, franky.RealtimeException):
        fix = (
            'install a PREEMPT_RT kernel and add the user to the group realtime, or set '
            'allow_non_realtime (a simulated robot only)'
        )
        return Fault(FaultKind.REALTIME, f'{text}; {fix}', time=now)
    if isinstance(error, TimeoutError):
        fix = 'is another FCI client connected, or the address wrong?'
        return Fault(FaultKind.CONNECTION, f'no answer from {address}; {fix}', time=now)
    if isinstance(error, franky.NetworkException):
        fix = 'check the address and that FCI is enabled in Desk'
        return Fault(FaultKind.CONNECTION, f'cannot connect to {address}: {text}; {fix}', (), now)
    return Fault(FaultKind.CONNECTION, f'cannot connect to {address}: {text}', time=now)


def line(error: BaseException) -> str:
    """An exception's text on one line, without the library's own prefix and full stop."""
    first = next(iter(str(error).strip().splitlines()), '') or type(error).__name__
    return PREFIX.sub('', first).rstrip('. ')


def _versions(text: str) -> str:
    found = VERSIONS.search(text)
    if found is None:
        return f'{text}; install the franky-control wheel made for this robot'
    server, library = found.groups()
    return (
        f'the robot speaks version {server} and this franky version {library}; install the '
        f"franky-control wheel of robot server version {server} from the franky project's own "
        f'wheel index, by-robot-server-version/{server} (its installation guide has the line)'
    )
