# SPDX-License-Identifier: Apache-2.0
"""The names that `import frs_ros` offers, and the ten lines of README.md."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

import frs_ros
from frs_ros.flow import invert, sample, uniform


@pytest.mark.parametrize('name', sorted(frs_ros._HOMES))
def test_each_name_is_there_and_described(name):
    if name == 'LiberoEnv':
        pytest.importorskip('mujoco')
    assert getattr(frs_ros, name).__name__ == name
    assert name in dir(frs_ros)
    assert name in (frs_ros.__doc__ or '') or name == 'Gripper'


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'frs_ros' has no attribute 'steer'"):
        frs_ros.steer  # noqa: B018


def test_flow_offers_functions():
    times = uniform(10)
    actions = np.ones((2, 3))
    noise = invert(lambda x, t: -x, actions, times, 'fixed_point').noise
    np.testing.assert_allclose(sample(lambda x, t: -x, noise, times), actions, atol=1e-5)


def test_the_lines_of_the_readme_run(repository):
    """As a reader would paste them, in an interpreter of its own."""
    pytest.importorskip('libero')
    text = (repository.root / 'README.md').read_text(encoding='utf-8')
    (lines,) = re.findall(r'## As a library\n\n```python\n(.*?)```', text, re.S)
    code = lines + '\nprint(plan.chunk.shape, plan.method, plan.nfe)'
    command = [sys.executable, '-c', code]
    done = subprocess.run(
        command, cwd=repository.root, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ['(10, 7) frs 20'], done.stderr
