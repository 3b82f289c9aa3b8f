# SPDX-License-Identifier: Apache-2.0
"""The gate: wishes beside what the policy would do by itself."""

from dataclasses import replace

import numpy as np
import pytest
from mixture_policy import Coupled, MixturePolicy, observation

from frs_ros.flow.mixture import GaussianMixture
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.steering.base import plan_rng
from frs_ros.steering.gate import Evidence, Gate, Ramp
from frs_ros.steering.registry import make_steerer

LEFT = Guidance(direction=np.array([0.0, 1.0, 0.0]))
RIGHT = Guidance(direction=np.array([0.0, -1.0, 0.0]))
BOTH = pytest.mark.parametrize('method', ['frs', 'frs_fixed_point'])


class Decided(MixturePolicy):
    """A policy that goes left (6 of 10 samples) or left and forward, never right."""

    def __init__(self):
        super().__init__()
        means = np.zeros((2, 4, 7))
        means[:, :, 1] = 0.9
        means[1, :, 0] = 0.9
        means[..., 6] = -1
        self.mixture = GaussianMixture(means, np.full(2, 0.3), np.array([0.6, 0.4]))


def _plan(method, guidance, seed=0, policy=None, **options):
    return make_steerer(method, **options).plan(
        policy or Decided(), observation(), guidance, plan_rng(seed, 0)
    )


@pytest.mark.parametrize(
    ('ramp', 'values', 'shares'),
    [
        (Ramp(1.0, 3.0), [0, 1, 2, 3, 9, np.inf], [1, 1, 0.5, 0, 0, 0]),
        (Ramp(0.5, 0.0), [-1, 0, 0.25, 0.5, 1], [0, 0, 0.5, 1, 1]),
    ],
)
def test_ramps(ramp, values, shares):
    assert [ramp(v) for v in values] == shares
    assert ramp(float('nan')) == 0


def test_the_weakest_evidence_decides():
    gate = Gate(noise=Ramp(2, 4), round_trip=Ramp(2, 4), support=Ramp(0.5, 0))
    assert gate.share(Evidence()) == 1
    assert gate.share(Evidence(noise=3)) == 0.5
    assert gate.share(Evidence(noise=3, round_trip=3.5, support=0.4)) == 0.25
    assert gate.share(Evidence(support=-0.2)) == 0


@BOTH
def test_wishes_the_policy_shares_are_followed_and_others_left(method):
    followed = [_plan(method, LEFT, s, gate=True) for s in range(10)]
    assert np.mean([p.diagnostics['gate'] for p in followed]) > 0.9
    for seed in range(10):
        plan = _plan(method, RIGHT, seed, gate=True)
        assert plan.diagnostics['gate'] == plan.diagnostics['strength'] == 0
        plain = _plan('base', RIGHT, seed)
        assert plan.chunk.tobytes() == plain.chunk.tobytes()
        assert plan.noise.tobytes() == plain.noise.tobytes()
    assert np.mean([_plan(method, RIGHT, s).diagnostics['cosine'] for s in range(5)]) > 0.3


@BOTH
@pytest.mark.parametrize('options', [{}, {'strength': 0.75}, {'depth': 0.5, 'operator': 'guided'}])
def test_a_wish_that_is_followed_is_not_changed(method, options):
    gated = _plan(method, LEFT, gate=True, **options)
    free = _plan(method, LEFT, **options)
    assert gated.diagnostics['gate'] == 1
    assert gated.chunk.tobytes() == free.chunk.tobytes()


@BOTH
def test_own_samples_look_ordinary_to_the_gate(method):
    """The chi percentile of recovered noise is no yardstick; the policy's own samples are one."""
    numbers = []
    for seed in range(10):
        own = _plan('base', None, seed)

        def writer(guidance, policy, seen, chunk=own.chunk):
            return policy.to_model(chunk[None], seen)

        plan = make_steerer(method, writer, gate=True).plan(
            Decided(), observation(), LEFT, plan_rng(seed + 50, 0)
        )
        numbers.append(plan.diagnostics)
    assert np.median([n['noise_ratio'] for n in numbers]) == pytest.approx(1, abs=0.4)
    assert np.median([n['round_trip_ratio'] for n in numbers]) < 1.6


@BOTH
@pytest.mark.parametrize('inpaint', [True, False])
def test_own_samples_are_reversed_like_the_wish(method, inpaint):
    """Motion that meets another hand than it was sampled with does so on both sides."""
    ratios = []
    for seed in range(30):
        own = _plan('base', None, seed, Coupled())

        def writer(guidance, policy, seen, chunk=own.chunk):
            return policy.to_model(chunk[None], seen)

        steerer = replace(
            make_steerer(method, writer, operator='motion', gate=True), inpaint=inpaint
        )
        plan = steerer.plan(Coupled(), observation(), LEFT, plan_rng(seed + 50, 0))
        ratios.append([plan.diagnostics[k] for k in ('noise_ratio', 'round_trip_ratio')])
    noise, round_trip = np.median(ratios, axis=0)
    assert noise == pytest.approx(1, abs=0.1)
    assert round_trip < 1.1  # errors that are negligible count as more than they are


@BOTH
def test_absurd_wishes_leave_the_plan_to_the_policy(method):
    """Ten times faster than anything the policy does, in a direction it likes."""

    def writer(guidance, policy, seen):
        chunk = np.zeros((1, 4, 7), np.float32)
        chunk[..., 1] = 9.0
        return policy.asarray(chunk)

    plan = make_steerer(method, writer, gate=True).plan(
        Decided(), observation(), LEFT, plan_rng(0, 0)
    )
    assert plan.diagnostics['support'] > 0.3
    assert plan.diagnostics['gate'] == 0
    assert np.abs(plan.chunk).max() < 3


def test_between_following_and_deferring_the_strength_is_lower():
    plan = _plan('frs', LEFT, gate={'support': [2.0, 0.0]}, strength=0.8)
    share = plan.diagnostics['gate']
    assert 0 < share < 1
    assert plan.diagnostics['strength'] == pytest.approx(0.8 * share)
    by_hand = _plan('frs', LEFT, strength=0.8 * share)
    np.testing.assert_allclose(plan.chunk, by_hand.chunk, atol=1e-6)


@pytest.mark.parametrize(
    'wish', [Guidance(gripper=Gripper.CLOSE), Guidance(direction=[0, -1, 0], magnitude=0)]
)
def test_commands_without_motion_are_not_judged(wish):
    assert _plan('frs', wish, gate=True).diagnostics['gate'] == 1
