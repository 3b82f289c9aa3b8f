# SPDX-License-Identifier: Apache-2.0
"""The LIBERO simulator: tasks, assets, images."""

from __future__ import annotations

from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System

_PART = Part('simulator')
_LIBRARIES = 'sudo apt-get install libosmesa6 libegl1 libgl1 libgl1-mesa-dri; or choose MUJOCO_GL'


def images(system: System, options: Options) -> Iterator[Finding]:
    """Draws one."""
    try:
        found = probe(system, 'render', timeout=30.0)
    except ProbeFailed as error:
        fix = _install(error.missing) if error.missing else _LIBRARIES
        yield _PART.fail('images', str(error), fix)
        return
    what = f'MuJoCo {found["version"]}, MUJOCO_GL={found["gl"]}'
    if found['drawn']:
        yield _PART.ok('images', f'{what}: one drawn')
    else:
        yield _PART.fail('images', f'{what}: the image is empty', _LIBRARIES)


def tasks(system: System, options: Options) -> Iterator[Finding]:
    """LIBERO's code and its stock assets."""
    try:
        found = probe(system, 'libero', timeout=30.0)
    except ProbeFailed as error:
        fix = 'pip install --no-deps -r requirements/sim_no_deps.txt'
        yield _PART.fail('LIBERO', str(error), _install(error.missing) if error.missing else fix)
        return
    yield _PART.ok('LIBERO', f'hf-libero {system.version("hf-libero") or "of unknown version"}')
    if found['stock']:
        yield _PART.ok('assets', f'stock: {found["stock"]}')
    else:
        what = 'stock assets are not here; stand-ins, for the short suites only'
        yield _PART.warn('assets', what, '--assets stock downloads them once; or --assets FOLDER')


def _install(module: str) -> str:
    return f'pip install -c requirements/constraints.txt {module}'


CHECKS = (tasks, images)
