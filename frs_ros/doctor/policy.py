# SPDX-License-Identifier: Apache-2.0
"""What policies run on: PyTorch and the graphics card."""

from __future__ import annotations

from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System

_PART = Part('policy')
_QUERY = 'driver_version,name,memory.total'
_GB = 2.0**30


def torch(system: System, options: Options) -> Iterator[Finding]:
    """PyTorch, and the cards that it can use."""
    driver = _driver(system)
    try:
        found = probe(system, 'torch', timeout=60.0)
    except ProbeFailed as error:
        fix = 'pip install -c requirements/constraints.txt -r requirements/learn.txt'
        yield _PART.fail('PyTorch', str(error), fix)
        yield from _without_torch(driver)
        return
    cuda = f'for CUDA {found["cuda"]}' if found['cuda'] else 'for the CPU'
    yield _PART.ok('PyTorch', f'{found["version"]}, built {cuda}')
    for card in found['cards']:
        free, total = card['free'] / _GB, card['total'] / _GB
        what = f'{card["name"]}, {free:.0f} of {total:.0f} GiB free'
        yield _PART.ok('graphics card', f'{what}, driver: {driver or "unknown"}')
    if not found['cards']:
        yield _no_card(driver, found['cuda'])


def _no_card(driver: str, cuda: str) -> Finding:
    if not driver:
        what = 'no NVIDIA driver; the small policies run on the CPU, pi0.5 needs a card'
        return _PART.skip('graphics card', what)
    what = f'PyTorch cannot use it (driver: {driver})'
    if not cuda:
        return _PART.warn('graphics card', what, 'install the wheel of torch from PyPI: with CUDA')
    fix = f'reboot after a driver update; else install a driver that knows CUDA {cuda}'
    return _PART.warn('graphics card', what, fix)


def _without_torch(driver: str) -> Iterator[Finding]:
    if driver:
        yield _PART.skip('graphics card', f'there (driver: {driver}), but nothing to ask it with')
    else:
        yield _PART.skip('graphics card', 'no NVIDIA driver')


def _driver(system: System) -> str:
    """What the NVIDIA driver says of itself; '' without one."""
    command = ['nvidia-smi', f'--query-gpu={_QUERY}', '--format=csv,noheader']
    output = system.run(command, timeout=10.0)
    lines = output.out.strip().splitlines()
    if output.status == 0 and lines:
        return lines[0].split(',')[0].strip()
    if system.read('/proc/driver/nvidia/version'):
        return 'loaded, but nvidia-smi does not answer'
    return ''


CHECKS = (torch,)
