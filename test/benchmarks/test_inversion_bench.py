# SPDX-License-Identifier: Apache-2.0
"""The inversion bench, where the right answers are known."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frs_ros.benchmarks import inversion as bench
from frs_ros.policies.mini import random_policy
from frs_ros.serving.example import example_observation

ROOT = Path(__file__).parents[2]
EXACT = bench.Setting('fixed_point', None, {'max_iterations': 80, 'tolerance': 1e-10})


def trial(samples, setting, gripper):
    """One solver on some samples."""
    found = bench.reverse(samples, setting, inpaint=gripper == bench.INPAINTED)
    return bench.measure(samples, found, gripper)


def linear_samples(**changes):
    """V = x: ten steps multiply by 1.1^10, reverse Euler by 0.9^10."""
    noise = np.random.default_rng(0).standard_normal((5, 4, 3))
    samples = bench.Samples(lambda x, t: x, noise, noise[::-1].copy(), 10, [0, 1])
    return replace(samples, **changes)


def test_errors_of_a_linear_field_in_closed_form():
    samples = linear_samples()
    result = trial(samples, bench.Setting('euler', 10), bench.KEPT)
    lost = 1 - 0.99**10  # of the noise, and so of the action
    each = np.sqrt(np.mean(samples.noise**2, axis=(1, 2)))
    np.testing.assert_allclose(result['noise_error'], lost * each)
    np.testing.assert_allclose(result['action_error'], lost * each * 1.1**10)
    moving = np.sqrt(np.mean(samples.noise[..., :2] ** 2, axis=(1, 2)))
    np.testing.assert_allclose(result['motion_error'], lost * moving * 1.1**10)
    assert result['nfe'] == 10


@pytest.mark.parametrize(('gripper', 'cost'), [('kept', 0), ('redrawn', 0), ('inpainted', 10)])
def test_the_exact_inverse_is_exact_and_in_painting_is_paid_for(gripper, cost):
    samples = linear_samples()
    result = trial(samples, EXACT, gripper)
    plain = trial(samples, EXACT, bench.KEPT)
    assert result['motion_error'].max() < 1e-8
    assert result['noise_error'].max() < 1e-8
    assert (result['action_error'].max() < 1e-8) == (gripper == 'kept')
    assert result['nfe'] <= plain['nfe'] + cost


def test_drawing_the_gripper_afresh_disturbs_the_rest_unless_it_is_painted_in():
    """V_x = y, V_y = 0: what x becomes depends on y."""

    def field(x, t):
        v = np.zeros_like(x)
        v[..., 0] = x[..., 1]
        return v

    noise = np.random.default_rng(1).standard_normal((5, 4, 2))
    samples = bench.Samples(field, noise, noise[::-1].copy(), 10, [0])
    errors = {g: trial(samples, EXACT, g)['motion_error'] for g in bench.GRIPPERS}
    assert errors['kept'].max() < 1e-8
    assert errors['redrawn'].max() > 0.1
    assert errors['inpainted'].max() < 1e-8


def test_the_exact_inverse_is_as_much_better_on_the_shipped_policy_as_is_claimed():
    """On a rendered scene: at most 0.6 times the paper's error at equal cost, hand in-painted."""
    pytest.importorskip('libero')
    from frs_ros.policies.checkpoint import load_policy
    from frs_ros.sim.libero import LiberoEnv

    policy = load_policy('mini')
    env = LiberoEnv('libero_object', 0, cameras=policy.cameras, assets='standin')
    env.reset(0)
    samples = bench.policy_samples(policy, [env.observe()], 8, 0)
    with policy.inference():
        table = bench.rows(samples, (bench.KEPT, bench.INPAINTED))
    env.close()
    compared = bench.at_equal_cost(table)
    painted = {row['nfe']: row['ratio'] for row in compared if row['gripper'] == 'inpainted'}
    assert set(painted) == {30, 40, 50}
    assert max(painted.values()) <= bench.GOAL
    kept = [row['ratio'] for row in compared if row['gripper'] == 'kept']
    assert max(kept) <= bench.GOAL


def test_costs_are_matched_against_the_papers_method():
    table = [
        {'solver': 'euler', 'gripper': 'kept', 'nfe': 20, 'motion_error': 0.5},
        {'solver': 'euler', 'gripper': 'redrawn', 'nfe': 20, 'motion_error': 9.0},
        {'solver': 'fixed_point', 'gripper': 'inpainted', 'nfe': 20, 'motion_error': 0.3},
        {'solver': 'fixed_point', 'gripper': 'kept', 'nfe': 20, 'motion_error': 0.4},
        {'solver': 'fixed_point', 'gripper': 'kept', 'nfe': 99, 'motion_error': 0.0},
    ]
    assert bench.at_equal_cost(table) == [
        {'gripper': 'inpainted', 'nfe': 20, 'ratio': 0.6, 'within_goal': True},
        {'gripper': 'kept', 'nfe': 20, 'ratio': 0.8, 'within_goal': False},
    ]


def test_on_the_mixture_the_exact_inverse_finds_the_label():
    table = bench.rows([bench.mixture_samples(0, batch=16)], (bench.KEPT,))
    assert len(table) == len(bench.settings())
    noise = {(row['solver'], row['nfe']): row['noise_error'] for row in table}
    assert noise['fixed_point', 30] < 0.3 * noise['euler', 30]
    assert noise['midpoint', 20] < noise['euler', 20]


def test_batches_of_a_policy_are_repeatable_and_inputs_stay():
    policy = random_policy()
    seen = [example_observation(policy)]
    first, again = (next(bench.policy_samples(policy, seen, 3, 7)) for _ in range(2))
    np.testing.assert_array_equal(first.noise, again.noise)
    assert first.motion == [0, 1, 2, 3, 4, 5]
    kept = first.noise.clone(), first.fresh.clone()
    with policy.inference():
        for gripper in bench.GRIPPERS:
            trial(first, bench.Setting('fixed_point'), gripper)
    np.testing.assert_array_equal(first.noise, kept[0])
    np.testing.assert_array_equal(first.fresh, kept[1])


def test_the_command_writes_json_and_a_image(tmp_path):
    """As a process, without a simulator."""
    from frs_ros.policies.checkpoint import save_policy

    checkpoint = save_policy(random_policy(), tmp_path / 'random.safetensors', {})
    file = tmp_path / 'out' / 'inversion.json'
    argv = ['bench', 'inversion', '--checkpoint', checkpoint, '--scenes', '0', '--batch', '2']
    done = subprocess.run(
        [sys.executable, '-m', 'frs_ros.cli', *map(str, argv), '--json', str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(file.read_text())
    assert {'policy', 'mixture', 'equal_nfe', 'goal', 'settings', 'versions'} == set(results)
    assert {row['gripper'] for row in results['policy']} == set(bench.GRIPPERS)
    assert file.with_suffix('.png').read_bytes()[:8] == b'\x89PNG\r\n\x1a\n'
    assert "of the error of the paper's Euler with as many" in done.stdout


def test_bad_numbers_are_refused(capsys):
    from frs_ros import cli

    assert cli.main(['bench', 'inversion', '--batch', '0']) == 2
    assert '--batch must be at least 1' in capsys.readouterr().err
