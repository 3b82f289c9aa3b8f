# SPDX-License-Identifier: Apache-2.0
"""What the options of Flow Reversal Steering do, and what every method leaves alone."""

import hashlib

import numpy as np
import pytest
from learned import VARIANTS, make_checkpoint
from mixture_policy import Coupled, MixturePolicy, observation

from frs_ros.benchmarks.counting import CountingPolicy
from frs_ros.errors import ConfigError
from frs_ros.flow.grids import uniform
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.mini import random_policy
from frs_ros.serving.example import example_observation
from frs_ros.serving.planner import Planner
from frs_ros.steering.base import plan_rng
from frs_ros.steering.guided_dims import Mask
from frs_ros.steering.methods.frs import FlowReversalSteering
from frs_ros.steering.methods.frs_tuned import TunedReversalSteering
from frs_ros.steering.registry import LEARNED, METHODS, exact_inverter, make_steerer
from frs_ros.steering.reversal import Inverter, Latent, mix

LEFT = Guidance(direction=np.array([0.0, 1.0, 0.0]))
REVERSING = ['frs', 'frs_fixed_point']
MINI = random_policy()
SEEN = example_observation(MINI)


def _plan(method, policy=None, guidance=LEFT, seed=0, **options):
    policy = policy or MixturePolicy()
    return make_steerer(method, **options).plan(policy, observation(), guidance, plan_rng(seed, 0))


@pytest.mark.parametrize('method', REVERSING)
@pytest.mark.parametrize('options', [{}, {'depth': 0.5}, {'gate': True}])
@pytest.mark.parametrize('policy', [MixturePolicy(padding=2), MixturePolicy(library='torch')])
def test_strength_0_is_the_policy_bit_for_bit(method, options, policy):
    plain = _plan('base', policy)
    plan = _plan(method, policy, strength=0, **options)
    assert plan.chunk.tobytes() == plain.chunk.tobytes()
    assert plan.noise.tobytes() == plain.noise.tobytes()
    assert (plan.method, plan.nfe, plan.diagnostics['strength']) == (method, 10, 0)


@pytest.mark.parametrize('method', REVERSING)
def test_strength_0_is_the_policy_bit_for_bit_on_a_network(method):
    def chunk(name, **options):
        return make_steerer(name, **options).plan(MINI, SEEN, LEFT, plan_rng(1, 2)).chunk

    assert chunk(method, strength=0).tobytes() == chunk('base').tobytes()


@pytest.mark.parametrize('method', REVERSING)
@pytest.mark.parametrize('depth', [1.0, 0.5])
def test_a_vanishing_strength_approaches_the_policy_and_1_is_full(method, depth):
    """Nothing jumps at either end, with the latents mixed at any time."""

    def chunk(strength):
        return _plan(method, seed=2, strength=strength, depth=depth).chunk

    np.testing.assert_allclose(chunk(1e-6), _plan('base', seed=2).chunk, atol=1e-4)
    np.testing.assert_allclose(chunk(1 - 1e-9), chunk(1.0), atol=1e-2)


def test_more_strength_follows_the_wish_more():
    def cosine(strength):
        plans = [_plan('frs', seed=s, strength=strength) for s in range(20)]
        return np.mean([p.diagnostics.get('cosine', 0) for p in plans if p.diagnostics])

    low, middle, high = (cosine(s) for s in (0.2, 0.7, 1.0))
    assert low < middle < high


def test_mixtures_of_noise_keep_its_law():
    rng = np.random.default_rng(0)
    fresh, found = rng.standard_normal((2, 5000, 4))
    share = np.array([0, 0.3, 0.8, 1])
    mixed = mix(Latent(fresh, fresh), Latent(found, found), share)
    np.testing.assert_allclose(mixed.std(0), 1, atol=0.05)
    np.testing.assert_array_equal(mixed[:, 0], fresh[:, 0])
    np.testing.assert_array_equal(mixed[:, 3], found[:, 3])


def test_mixtures_at_a_later_time_are_linear_in_actions():
    t, rng = 0.75, np.random.default_rng(1)
    actions, noises = rng.standard_normal((2, 2, 3, 1))
    own, steered = t * actions + (1 - t) * noises
    mixed = mix(
        Latent.of_noise(own, t, noises[0]),
        Latent.of_action(steered, t, actions[1]),
        np.full(1, 0.6),
    )
    expected = t * (0.4 * actions[0] + 0.6 * actions[1])
    expected += (1 - t) * (0.8 * noises[0] + 0.6 * noises[1])
    np.testing.assert_allclose(mixed, expected)


@pytest.mark.parametrize(
    ('depth', 'operator', 'nfe'),
    [
        (1.0, 'all', 20),
        (0.5, 'all', 10),
        (0.5, 'translation', 15),  # the policy's own way to t = 0.5 is needed as well
        (0.34, 'all', 6),
        (0.01, 'all', 2),
    ],
)
def test_depth_is_whole_steps_of_the_native_grid(depth, operator, nfe):
    plan = _plan('frs', depth=depth, operator=operator)
    assert plan.nfe == nfe
    assert np.isnan(plan.noise).all() == (depth < 1)


def test_a_shallow_reversal_stays_closer_to_the_wish():
    """Towards depth 0 the policy has less and less to say: direct execution."""
    errors = [_plan('frs', depth=d).diagnostics['round_trip_rms'] for d in (0.1, 0.5, 1.0)]
    assert errors[0] < errors[1] < errors[2]


def test_what_does_not_converge_is_done_by_euler_and_said():
    exact = _plan('frs_fixed_point', operator='all')
    assert exact.diagnostics['fallback'] == 0
    failed = _plan('frs_fixed_point', operator='all', max_iterations=1, limit=1e-6)
    euler = _plan('frs')
    np.testing.assert_array_equal(failed.chunk, euler.chunk)
    assert failed.diagnostics['fallback'] == 1
    assert failed.nfe == euler.nfe + 10
    assert failed.diagnostics['inversion_residual'] == euler.diagnostics['inversion_residual']


def test_a_sample_that_fails_does_not_take_its_batch_along():
    """Of three samples the second one is not finite and the third one misses the limit."""

    def solve(velocity, action, times):
        noise = np.full_like(action, 5.0)
        noise[1] = np.nan
        return Inversion(noise, 3, np.array([0.0, 0.0, 1.0]), True)

    action = np.random.default_rng(0).standard_normal((3, 2))
    found, failed = Inverter(solve, 0.5)(lambda x, t: -x, action, uniform(4))
    rough = reverse_euler(lambda x, t: -x, action, uniform(4))
    assert failed.tolist() == [False, True, True]
    np.testing.assert_array_equal(found.noise[0], 5.0)
    np.testing.assert_array_equal(found.noise[1:], rough.noise[1:])
    assert (found.nfe, found.converged) == (3 + rough.nfe, False)


@pytest.mark.parametrize(
    ('operator', 'words'),
    [
        (
            'translatoin',
            "unknown operator 'translatoin'; choose one of: all, gripper, guided",
        ),
        (['translation', 'joints'], "unknown operator 'joints'"),
    ],
)
def test_an_operator_of_nothing_is_refused_before_it_steers(operator, words):
    planner = Planner(MixturePolicy(), make_steerer('frs'))
    with pytest.raises(ConfigError, match=words):
        planner.use(make_steerer('frs', operator=operator))
    planner.use(make_steerer('frs', operator=['translation', 'yaw', 'gripper', 'guided']))


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_noise_that_is_not_finite_is_never_used(bad):
    def broken(velocity, action, times):
        return Inversion(np.full_like(action, bad), 0, np.zeros(len(action)), False)

    policy = MixturePolicy()
    steerer = TunedReversalSteering(invert=Inverter(broken))
    plan = steerer.plan(policy, observation(), LEFT, plan_rng(0, 0))
    np.testing.assert_array_equal(plan.chunk, _plan('frs').chunk)


@pytest.mark.parametrize('method', [m for m in METHODS if m != 'base'])
@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_a_reference_that_is_not_finite_is_refused(method, bad):
    def writer(guidance, policy, observation):
        chunk = np.zeros((1, policy.spec.horizon, policy.spec.model_dim), np.float32)
        chunk[0, 1, 2] = bad
        return policy.asarray(chunk)

    with pytest.raises(ConfigError, match='reference chunk holds numbers that are not finite'):
        make_steerer(method, writer).plan(MixturePolicy(), observation(), LEFT, plan_rng(0, 0))


def _digest(policy, context=None):
    digest = hashlib.sha256(context.condition.numpy().tobytes() if context else b'')
    for name, value in policy.network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


CONFIGURATIONS = [
    *((method, {}) for method in METHODS),
    ('frs', {'strength': 0.5, 'depth': 0.5, 'gate': True}),
    ('frs_fixed_point', {'gate': True, 'operator': 'guided'}),
]


class Watched(CountingPolicy):
    """Remembers each context with what it and the weights were like."""

    def __init__(self):
        super().__init__(MINI)
        self.weights = _digest(MINI)
        self.contexts = []

    def encode(self, seen):
        context = super().encode(seen)
        self.contexts.append((context, _digest(MINI, context)))
        return context

    def unchanged(self):
        same = all(_digest(MINI, context) == before for context, before in self.contexts)
        return same and _digest(MINI) == self.weights


@pytest.mark.parametrize(('method', 'options'), CONFIGURATIONS)
def test_weights_and_context_stay_as_they_are_and_the_prefix_is_encoded_once(method, options):
    """On a network, with the context that the method really uses."""
    policy = Watched()
    plan = make_steerer(method, **options).plan(policy, SEEN, LEFT, plan_rng(0, 0))
    assert policy.encodes == (0 if method == 'direct' else 1)
    assert policy.evaluations == plan.nfe
    assert policy.unchanged()


@pytest.mark.parametrize('method', LEARNED)
def test_learned_methods_leave_weights_and_context_alone(method, tmp_path):
    checkpoint = make_checkpoint(MINI, tmp_path / 'learned.safetensors', VARIANTS[method])
    policy = Watched()
    steerer = make_steerer(method, checkpoint=checkpoint)
    for guidance in (None, LEFT):
        steerer.plan(policy, SEEN, guidance, plan_rng(0, 0))
    assert policy.contexts
    assert policy.unchanged()


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'strength': 1.2}, r'strength must be in \[0, 1\]'),
        ({'strength': None}, 'strength must be a number, not None'),
        ({'depth': 0}, 'depth must be above 0'),
        ({'spread': 0.3}, "option 'spread' was removed: .* only cost success"),
        ({'inpaint': True}, "option 'inpaint' was removed: .* only cost success"),
        ({'gate': 'yes'}, "gate must be true, false or an object with samples.*'yes'"),
        ({'gate': {'tight': 1}}, 'gate must be true, false or an object with samples, noise'),
        ({'gate': {'samples': 0}}, 'samples must be a whole number'),
        ({'gate': {'support': 0.3}}, r'gate support must be a pair \[follow, defer\]'),
        ({'gate': {'support': [0.3, 0.3]}}, 'follow and defer must differ'),
        ({'gate': {'noise': [0.3, 'x']}}, "gate noise must be a number, not 'x'"),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises(ConfigError, match=words):
        make_steerer('frs', **options)


def _inpainted(inpaint, operator='motion', policy=None, seed=0, **settings):
    steerer = TunedReversalSteering(mask=Mask.of(operator), inpaint=inpaint, **settings)
    return steerer.plan(policy or MixturePolicy(), observation(), LEFT, plan_rng(seed, 0))


def test_inpainting_finds_noise_that_fits_the_noise_beside_it():
    """The guided dimensions come out as guided, whatever gripper the policy chooses."""
    inverter = exact_inverter(1e-2, 64, 0.05)

    def error(inpaint):
        plans = [_inpainted(inpaint, 'motion', Coupled(), s, invert=inverter) for s in range(30)]
        return np.median([p.diagnostics['round_trip_rms'] for p in plans])

    assert error(True) < 0.7 * error(False)


def test_inpainting_costs_a_plain_plan_and_only_where_something_is_delegated():
    assert _inpainted(True).nfe == 30
    assert _inpainted(True, depth=0.5).nfe == 20
    assert _inpainted(True, 'all').nfe == 20
    plans = [_inpainted(inpaint, policy=Coupled()).noise for inpaint in (True, False)]
    np.testing.assert_array_equal(plans[0][:, 6], plans[1][:, 6])
    assert np.all(plans[0][:, 2] != plans[1][:, 2])


@pytest.mark.parametrize('guidance', [LEFT, Guidance(rotation=np.array([0, 0, 1.0])), None])
@pytest.mark.parametrize('policy', [MixturePolicy(padding=2), MixturePolicy(library='torch')])
def test_without_knobs_it_is_the_algorithm_of_the_paper(policy, guidance):
    """One file has Algorithm 1 alone, the other the knobs; both must go on to be one method."""
    arguments = policy, observation(), guidance
    plain = FlowReversalSteering().plan(*arguments, plan_rng(3, 4))
    tuned = TunedReversalSteering().plan(*arguments, plan_rng(3, 4))
    assert plain.chunk.tobytes() == tuned.chunk.tobytes()
    assert plain.noise.tobytes() == tuned.noise.tobytes()
    assert (plain.method, plain.nfe) == (tuned.method, tuned.nfe)
    assert plain.diagnostics == tuned.diagnostics


def test_the_knobs_choose_the_file():
    assert isinstance(make_steerer('frs'), FlowReversalSteering)
    assert isinstance(make_steerer('frs', strength=1.0, operator=['all']), FlowReversalSteering)
    assert isinstance(make_steerer('frs', depth=0.5), TunedReversalSteering)
