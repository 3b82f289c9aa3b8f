# SPDX-License-Identifier: Apache-2.0
"""Interpreter and the Python libraries that every part needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System

_PART = Part('python')
OLDEST, NEWEST = (3, 10), (3, 12)
CORE = {
    'numpy': 'numpy',
    'scipy': 'scipy',
    'yaml': 'PyYAML',
    'tqdm': 'tqdm',
    'cv2': 'opencv-python-headless',
}
# The pins lie beside the sources; an installed package has none.
PINS = Path(__file__).resolve().parents[2] / 'requirements' / 'constraints.txt'
_PIN = re.compile(r'^([\w.-]+)==([\w.]+)(?:; python_version (<|>=) "3\.(\d+)")?', re.M)
_NAMED = 4  # differing packages named in the line


def interpreter(system: System, options: Options) -> Iterator[Finding]:
    """Version of Python."""
    text = '.'.join(map(str, system.python))
    if OLDEST <= system.python[:2] <= NEWEST:
        yield _PART.ok('interpreter', text)
    else:
        fix = 'use 3.10, 3.11 or 3.12: make PYTHON=/path/to/python3.12 setup'
        yield _PART.fail('interpreter', text, fix)


def libraries(system: System, options: Options) -> Iterator[Finding]:
    """Whether the libraries of every part can be imported."""
    try:
        found = probe(system, 'modules', *CORE, timeout=30.0)
    except ProbeFailed as error:
        yield _PART.fail('libraries', str(error), "run 'make setup'")
        return
    for module, package in CORE.items():
        version = found[module]
        if isinstance(version, dict):
            yield _PART.fail(module, version['error'], f'pip install {package}')
        else:
            yield _PART.ok(module, version or 'there')


def pins(system: System, options: Options) -> Iterator[Finding]:
    """Installed versions against those that were tested together."""
    text = system.read(str(PINS))
    if text is None:
        yield _PART.skip('tested versions', 'no requirements/constraints.txt beside the package')
        return
    different = []
    compared = 0
    for name, pinned, relation, minor in _PIN.findall(text):
        if relation and (system.python[1] < int(minor)) != (relation == '<'):
            continue
        version = system.version(name)
        if version is None:
            continue
        compared += 1
        if version.split('+')[0] != pinned:  # 2.13.0+cpu is 2.13.0
            different.append(f'{name} {version} (tested: {pinned})')
    if different:
        more = f' and {len(different) - _NAMED} more' * (len(different) > _NAMED)
        what = f'{len(different)} of {compared} differ: {", ".join(different[:_NAMED])}{more}'
        fix = 'if something fails: pip install -c requirements/constraints.txt PACKAGE'
        yield _PART.warn('tested versions', what, fix)
    else:
        yield _PART.ok('tested versions', f'all {compared} that are installed')


CHECKS = (interpreter, libraries, pins)
