# SPDX-License-Identifier: Apache-2.0
"""Plans of every method on the shipped policy, compared with plans that were stored before.

`python test/steering/test_stored_plans.py` stores them anew; do that only where a method is meant
to plan differently from now on.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.checkpoint import load_policy
from frs_ros.steering.base import plan_rng
from frs_ros.steering.registry import make_steerer
from frs_ros.types import Observation

STORED = Path(__file__).with_name('stored_plans.npz')
CLOSE = 1e-4  # where another processor or library rounds differently

# At their defaults, and as the documentation sets them.
METHODS = {
    'base': ('base', {}),
    'direct': ('direct', {}),
    'direct neutral gripper': ('direct', {'gripper': 'neutral'}),
    'partial_noising': ('partial_noising', {}),
    'partial_noising level 0.25': ('partial_noising', {'level': 0.25}),
    'partial_noising level 0.75': ('partial_noising', {'level': 0.75}),
    'sample_and_rank': ('sample_and_rank', {}),
    'sample_and_rank distance': ('sample_and_rank', {'score': 'distance'}),
    'frs': ('frs', {}),
    'frs motion': ('frs', {'operator': 'motion'}),
    'frs translation': ('frs', {'operator': 'translation'}),
    'frs strength 0.75': ('frs', {'strength': 0.75}),
    'frs depth 0.5': ('frs', {'depth': 0.5}),
    'frs gate': ('frs', {'gate': True}),
    'frs motion gate': ('frs', {'operator': 'motion', 'gate': True}),
    'frs_fixed_point': ('frs_fixed_point', {}),
    'frs_fixed_point depth 0.5': ('frs_fixed_point', {'depth': 0.5}),
    'frs_fixed_point strength 0.75': ('frs_fixed_point', {'strength': 0.75}),
    'frs_fixed_point gate': ('frs_fixed_point', {'gate': True}),
}
GUIDANCE = {
    'left': Guidance(direction=np.array([0.0, 1.0, 0.0])),
    'down and close': Guidance(
        direction=np.array([0.6, 0.0, -0.8]), magnitude=0.5, gripper=Gripper.CLOSE
    ),
    'turn': Guidance(rotation=np.array([0.0, 0.0, 1.0])),
    'open': Guidance(gripper=Gripper.OPEN),
    'nothing': None,
}
CASES = [(method, guidance) for method in METHODS for guidance in GUIDANCE]


@cache
def _policy():
    return load_policy('mini')


@cache
def _observation():
    """Images of noise, so that each pixel counts, at a state on the way."""
    rng = np.random.default_rng(5)
    images = {c.name: rng.integers(0, 256, (128, 128, 3), np.uint8) for c in _policy().cameras}
    state = np.array([0.02, -0.05, 0.9, 3.0, 0.1, -0.1, 0.03, -0.03])
    return Observation(images, state, 'pick up the milk and place it in the basket')


@cache
def planned(method, guidance):
    """The plan as numbers: actions, noise, evaluations, diagnostics by their names."""
    name, options = METHODS[method]
    steerer = make_steerer(name, **options)
    plan = steerer.plan(_policy(), _observation(), GUIDANCE[guidance], plan_rng(7, 3))
    numbers = [plan.nfe, *(plan.diagnostics[key] for key in sorted(plan.diagnostics))]
    return plan.chunk, plan.noise, np.array(numbers, dtype=np.float64)


@cache
def stored(method, guidance):
    with np.load(STORED) as file:
        return tuple(file[f'{method}: {guidance} {part}'] for part in range(3))


def _bits(arrays):
    return [np.ascontiguousarray(array).tobytes() for array in arrays]


@pytest.mark.parametrize(('method', 'guidance'), CASES)
def test_a_plan_is_the_one_that_was_stored(method, guidance):
    """Bit for bit where this machine computes the unsteered plan so; else closely."""
    now, before = planned(method, guidance), stored(method, guidance)
    if _bits(planned('base', 'nothing')) == _bits(stored('base', 'nothing')):
        assert _bits(now) == _bits(before)
    for ours, theirs in zip(now, before, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=CLOSE, atol=CLOSE)


def test_the_stored_plans_tell_the_settings_apart():
    """Each setting is seen in some plan, so that losing one would be noticed."""
    plans = {
        method: b''.join(b for g in GUIDANCE for b in _bits(stored(method, g)))
        for method in METHODS
    }
    assert len(set(plans.values())) == len(METHODS)


if __name__ == '__main__':
    np.savez_compressed(
        STORED,
        **{f'{m}: {g} {part}': a for m, g in CASES for part, a in enumerate(planned(m, g))},
    )
    sys.exit(0)
