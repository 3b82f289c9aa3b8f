# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from cases import CASES

from frs_ros.errors import ConfigError
from frs_ros.safety.watchdog import Watchdog

LIMITS = {'robot state': 0.05, 'camera wrist': 0.167, 'chunk': 0.167}
DOG = Watchdog(LIMITS)
FRESH = dict.fromkeys(LIMITS, 0.01)


def test_exactly_silent_inputs_are_named_and_of_these_the_oldest(rng):
    found = 0
    for _ in range(CASES['watchdog']):
        ages = {n: float(rng.choice([0, rng.uniform(0, 0.3), 1e9, math.nan, -9])) for n in LIMITS}
        if rng.random() < 0.3:
            del ages['chunk']
        known = {n: ages.get(n, math.nan) for n in LIMITS}
        known = {n: math.inf if math.isnan(a) or a < -LIMITS[n] else a for n, a in known.items()}
        late = [n for n in LIMITS if known[n] > LIMITS[n]]
        silence = DOG.silent(ages)
        assert (silence is not None) == bool(late)
        if silence is not None:
            assert silence.name in late
            assert silence.age == max(known[n] for n in late)
            assert silence.limit == LIMITS[silence.name]
            found += 1
    assert 0 < found < CASES['watchdog']


def test_fresh_inputs_are_fine_up_to_their_limit():
    assert DOG.silent(FRESH) is None
    assert DOG.silent(LIMITS) is None
    assert DOG.silent(FRESH | {'something else': 1e9}) is None


@pytest.mark.parametrize('age', [math.nan, math.inf, -1.0])
def test_an_age_that_nobody_knows_is_silence(age):
    silence = DOG.silent(FRESH | {'chunk': age})
    assert silence is not None
    assert (silence.name, silence.age) == ('chunk', math.inf)


def test_a_stamp_slightly_ahead_is_fresh():
    assert DOG.silent(FRESH | {'chunk': -0.01}) is None


@pytest.mark.parametrize('limit', [0.0, -1.0, math.nan, math.inf])
def test_limits_must_be_positive(limit):
    with pytest.raises(ConfigError, match='limit of chunk must be positive'):
        Watchdog({'chunk': limit})
