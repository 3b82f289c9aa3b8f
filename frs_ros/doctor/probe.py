# SPDX-License-Identifier: Apache-2.0
"""Loads a foreign library in a child process and hands back what it said, as JSON.

The child, `main()` of this module with NAME [WORD ...], calls `look(*words)` of
`frs_ros.doctor.probes.NAME` and prints the result. What prints, crashes or hangs, does so there.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any, NoReturn

from frs_ros.doctor.system import System
from frs_ros.documents import parse_json
from frs_ros.errors import DataError, FrsError
from frs_ros.program import command

MARK = 'FRS_DOCTOR_RESULT '


class ProbeFailed(Exception):
    """A library could not be asked.

    Attributes:
        missing: Name of the Python module that is not installed, '' if that is not the reason.
    """

    def __init__(self, line: str, missing: str = '') -> None:
        super().__init__(line)
        self.missing = missing


def probe(system: System, name: str, *words: str, timeout: float = 20.0) -> dict[str, Any]:
    """What the probe `name` says; ProbeFailed with one line if it cannot.

    Args:
        system: The machine.
        name: Module of `frs_ros.doctor.probes`.
        words: Arguments of its `look`.
        timeout: Seconds after which the child is killed.
    """
    output = system.run(command(__name__, name, *words), timeout)
    for line in reversed(output.out.splitlines()):
        if line.startswith(MARK):
            result = _result(line.removeprefix(MARK))
            if 'error' in result:
                raise ProbeFailed(result['error'], result.get('missing', ''))
            return result
    if output.status is None:
        raise ProbeFailed(output.err)
    if output.status < 0:
        raise ProbeFailed(f'the library crashed (signal {-output.status})')
    last = output.err.strip().splitlines()[-1:] or [f'exit status {output.status}']
    raise ProbeFailed(last[0])


def _result(line: str) -> dict[str, Any]:
    try:
        result = parse_json(line, 'its answer')
    except DataError as error:
        raise ProbeFailed(str(error)) from error
    if not isinstance(result, dict):
        raise ProbeFailed('its answer is no JSON object')
    return result


def imported(system: System, module: str) -> str:
    """Version of a Python module ('' if it does not say), ProbeFailed if it cannot be imported."""
    version = probe(system, 'modules', module)[module]
    if isinstance(version, dict):
        raise ProbeFailed(version['error'])
    return str(version)


def main() -> NoReturn:
    """Runs one probe in this process, by its command line."""
    name, *words = sys.argv[1:]
    try:
        look = importlib.import_module(f'frs_ros.doctor.probes.{name}').look
        result = look(*words)
    except ModuleNotFoundError as error:
        result = {'error': str(error), 'missing': (error.name or '').split('.')[0]}
    except FrsError as error:  # worded for the user already
        result = {'error': str(error)}
    except Exception as error:  # foreign libraries raise what they like
        text = ' '.join(str(error).split()) or 'no reason given'
        result = {'error': f'{type(error).__name__}: {text}'}
    print(f'\n{MARK}{json.dumps(result)}', flush=True)
    os._exit(0)  # some libraries crash while they are unloaded
