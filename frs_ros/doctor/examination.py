# SPDX-License-Identifier: Apache-2.0
"""Runs the checks of the chosen parts, each bounded in time, and judges what they find."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from frs_ros.doctor import (
    arm,
    cameras,
    guidance,
    machine,
    policy,
    python_packages,
    realtime,
    ros_graph,
    simulator,
)
from frs_ros.doctor.finding import PARTS, Finding, Level, Options
from frs_ros.doctor.system import System

Check = Callable[[System, Options], Iterable[Finding]]
CHECKS: dict[str, Sequence[Check]] = {
    'machine': machine.CHECKS,
    'python': python_packages.CHECKS,
    'ros': ros_graph.CHECKS,
    'simulator': simulator.CHECKS,
    'policy': policy.CHECKS,
    'realtime': realtime.CHECKS,
    'arm': arm.CHECKS,
    'cameras': cameras.CHECKS,
    'guidance': guidance.CHECKS,
}
TIME_LIMIT = 90.0  # s for one check; its child processes have shorter limits of their own
_BROKEN = 'this is an error of frs doctor: please report it with this line'


def examine(
    system: System,
    options: Options,
    parts: Sequence[str],
    needed: Iterable[str],
    limit: float = TIME_LIMIT,
) -> Iterator[tuple[str, list[Finding]]]:
    """Findings part by part.

    Args:
        system: The machine.
        options: What the user told.
        parts: Parts to look at.
        needed: Parts whose failures count; elsewhere they are warnings.
        limit: Seconds for one check.
    """
    for part in [name for name in PARTS if name in parts]:
        found: list[Finding] = []
        for check in CHECKS[part]:
            found += _run(check, part, system, options, limit)
        yield part, found if part in set(needed) else [_optional(finding) for finding in found]


def _run(check: Check, part: str, system: System, options: Options, limit: float) -> list[Finding]:
    """What one check finds; whatever goes wrong inside of it is a finding as well."""
    found: list[Finding] = []
    name = check.__name__

    def body() -> None:
        try:
            for finding in check(system, options):
                found.append(finding)
        except Exception as error:  # a check must not end the others
            text = ' '.join(str(error).split())
            what = f'the check broke: {type(error).__name__}: {text}'
            found.append(Finding(part, name, Level.FAIL, what, _BROKEN))

    thread = threading.Thread(target=body, name=f'check {name}', daemon=True)
    thread.start()
    thread.join(limit)
    if thread.is_alive():  # left behind; a daemon does not keep the process
        what = f'no answer within {limit:g} s'
        return [*found, Finding(part, name, Level.FAIL, what, 'look at dmesg; unplug the device')]
    return found


def _optional(finding: Finding) -> Finding:
    """A failure of what is not needed."""
    if finding.level is not Level.FAIL or finding.fix == _BROKEN:
        return finding
    return dataclasses.replace(finding, level=Level.WARN)
