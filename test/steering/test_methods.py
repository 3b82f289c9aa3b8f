# SPDX-License-Identifier: Apache-2.0
"""What is special about each method, and the registry."""

import subprocess
import sys

import numpy as np
import pytest
from mixture_policy import MixturePolicy, observation

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.serving.planner import steerer_from
from frs_ros.steering.base import episode_seed, plan_rng
from frs_ros.steering.diagnostics import against_reference, chi_percentile
from frs_ros.steering.registry import make_steerer

LEFT = Guidance(direction=np.array([0.0, 1.0, 0.0]), magnitude=0.5)


def _plan(method, guidance=LEFT, policy=None, gripper_command=-1.0, seed=0, **options):
    policy = policy or MixturePolicy()
    return make_steerer(method, **options).plan(
        policy, observation(gripper_command), guidance, plan_rng(seed, 0)
    )


@pytest.mark.parametrize('command', [-1.0, 1.0])
def test_direct_is_the_wish_with_the_gripper_held(command):
    plan = _plan('direct', gripper_command=command)
    rows = [0.05, 0.5, -0.1, 0, 0, 0, command]  # the wish is normalised: raw is offset by means
    np.testing.assert_allclose(plan.chunk, np.tile(rows, (4, 1)), atol=1e-6)
    assert np.isnan(plan.noise).all()
    assert plan.diagnostics['cosine'] == pytest.approx(1)
    assert plan.diagnostics['round_trip_rms'] == 0


@pytest.mark.parametrize('gripper', ['held', 'neutral'])
def test_direct_follows_a_gripper_wish(gripper):
    closing = Guidance(direction=np.array([0.0, 0, 1]), gripper=Gripper.CLOSE)
    np.testing.assert_allclose(_plan('direct', closing, gripper=gripper).chunk[:, 6], 1.0)


def test_direct_can_send_a_neutral_gripper():
    held, neutral = (
        _plan('direct', gripper_command=1.0, gripper=option).chunk
        for option in ('held', 'neutral')
    )
    np.testing.assert_allclose(neutral[:, 6], 0.0, atol=1e-6)
    np.testing.assert_array_equal(neutral[:, :6], held[:, :6])
    with pytest.raises(ConfigError, match="unknown gripper 'loose'; choose one of: held, neutral"):
        make_steerer('direct', gripper='loose')


def test_fixed_point_is_closer_to_the_wish_than_euler():
    """On an unlikely wish Euler's error draws the chunk towards the policy's modes."""
    euler, exact = (
        _plan('frs'),
        _plan('frs_fixed_point', operator='all', tolerance=1e-5, max_iterations=64),
    )
    assert exact.diagnostics['round_trip_rms'] < 1e-3
    assert euler.diagnostics['round_trip_rms'] > 10 * exact.diagnostics['round_trip_rms']
    assert exact.diagnostics['inversion_residual'] < 1e-4


def test_exact_inversion_keeps_a_neutral_gripper_neutral_unless_redrawn():
    kept = _plan('frs_fixed_point', operator='all', tolerance=1e-5, max_iterations=64)
    assert np.abs(kept.chunk[:, 6]).max() < 0.05
    redrawn = [_plan('frs_fixed_point', seed=s).chunk[:, 6] for s in range(10)]
    assert np.mean(np.abs(redrawn) > 0.3) > 0.9


@pytest.mark.parametrize(
    ('operator', 'owned'),
    [
        ('all', [0, 1, 2, 3, 4, 5, 6]),
        ('motion', [0, 1, 2, 3, 4, 5]),
        ('guided', [0, 1, 2]),
        ('translation', [0, 1, 2]),
        (['rotation', 'gripper'], [3, 4, 5, 6]),
        (['x', 'yaw'], [0, 5]),
    ],
)
def test_the_operator_owns_what_is_named(operator, owned):
    reversed_all, mine = _plan('frs').noise, _plan('frs', operator=operator).noise
    fresh = plan_rng(0, 0).standard_normal(mine.shape, dtype=np.float32)
    others = [d for d in range(7) if d not in owned]
    np.testing.assert_array_equal(mine[:, owned], reversed_all[:, owned])
    np.testing.assert_array_equal(mine[:, others], fresh[:, others])


@pytest.mark.parametrize('operator', ['motion', 'guided'])
def test_a_wished_gripper_is_the_operators(operator):
    wish = Guidance(direction=[0, 1, 0], rotation=[0, 0, 0.5], gripper=Gripper.CLOSE)
    np.testing.assert_array_equal(
        _plan('frs', wish, operator=operator).noise, _plan('frs', wish).noise
    )


def test_unknown_names_and_options_are_named():
    with pytest.raises(ConfigError, match=r"unknown method 'fsr'.*base.*direct.*frs"):
        make_steerer('fsr')
    with pytest.raises(ConfigError, match="'frs' has no option 'steps'; it has: operator"):
        make_steerer('frs', steps=3)
    with pytest.raises(ConfigError, match="'base' has no option 'level'; it has: no options"):
        make_steerer('base', level=0.5)
    with pytest.raises(ConfigError, match='max_iterations'):
        make_steerer('frs_fixed_point', max_iterations=0)
    with pytest.raises(ConfigError, match='tolerance must be a positive number'):
        make_steerer('frs_fixed_point', tolerance=-1)
    with pytest.raises(ConfigError, match='operator must be names'):
        make_steerer('frs', operator=3)
    with pytest.raises(ConfigError, match='wrist'):
        _plan('frs', operator=['wrist'])
    with pytest.raises(ConfigError, match='negative'):
        episode_seed(-1, 'libero_object', 0, 0)


def test_chi_percentile_of_the_right_law():
    noise = np.random.default_rng(0).standard_normal((2000, 10, 7))
    percentiles = np.array([chi_percentile(z) for z in noise])
    np.testing.assert_allclose(
        np.quantile(percentiles, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.04
    )
    assert chi_percentile(np.zeros((10, 7))) == 0
    assert chi_percentile(np.full((10, 7), 3.0)) > 0.999


def test_diagnostics_against_a_reference():
    policy = MixturePolicy()
    reference = to_numpy(reference_chunk(LEFT, policy, observation()))[0]
    off = reference.copy()
    off[:, 3:] += 5  # rotation and gripper do not count
    off[:, :3] *= -1
    still = 0 * reference
    numbers = against_reference(off, reference, still, policy.spec)
    assert numbers['cosine'] == pytest.approx(-1)
    assert numbers['round_trip_rms'] == pytest.approx(np.sqrt(np.mean([0, 1, 0])))
    assert 'cosine' not in against_reference(reference, still, still, policy.spec)


def test_core_needs_no_heavy_imports():
    code = (
        'import sys; import frs_ros.steering.registry, frs_ros.flow.invert, frs_ros.flow.mixture,'
        ' frs_ros.guidance.oracle, frs_ros.guidance.operator.keyboard;'
        ' heavy = {"torch", "rclpy", "scipy", "mujoco", "matplotlib"};'
        ' print(heavy & set(sys.modules) or "none")'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'none'


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ('[' * 9_000, 'nested too deeply'),
        ('[' * 100_000, 'method options of 100000 characters'),
        ('{"strength": ' + '[' * 200 + ']' * 200 + '}', 'nested too deeply'),
        ('{"gate": 1, "gate": 2}', "key 'gate' stands twice"),
        ('[1]', 'write OPTION=VALUE'),
        ('{"strength": 1' + '0' * 5000 + '}', 'an integer of 5001 digits'),
        ('{"strength": 1' + '0' * 200 + '}', 'strength must be'),
        ('{"gate": [' + '1,' * 4000 + '1]}', 'gate must be true, false'),
        ('{"operator": {"\\u001b[2K\\n": "' + 'x' * 4000 + '"}}', 'operator must be names'),
        ('{"' + 'x' * 4000 + '": 1}', 'has no option'),
        ('{"gate": {"noise": ["\\ud800", 1]}}', 'gate noise must be a number'),
    ],
)
def test_foreign_options_are_refused_in_one_bounded_line(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        steerer_from('frs', options)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
