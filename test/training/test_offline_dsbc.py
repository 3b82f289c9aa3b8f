# SPDX-License-Identifier: Apache-2.0
"""Demonstrations become noise labels that the policy's own sampler turns back into them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from frs_ros.cli import main
from frs_ros.datasets.distillation import load_dataset
from frs_ros.errors import ConfigError, DataError
from frs_ros.flow.arrays import to_numpy
from frs_ros.policies.identity import policy_id
from frs_ros.policies.mini import MiniPolicy, random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.serving.example import example_observation
from frs_ros.steering.base import plan_rng
from frs_ros.steering.kernel import Steering
from frs_ros.steering.registry import make_steerer
from frs_ros.training.distilled.offline import (
    BEYOND,
    ROUND_TRIP,
    Demonstrated,
    Labelling,
    chosen_frames,
    label,
    label_demonstrations,
)

TASK = 'pick up the ketchup and place it in the basket'


def small(policy):
    """The same network; its actions are a third as large, within what can be asked for."""
    scale = policy.normalisation
    third = replace(scale, action_low=scale.action_low / 3, action_high=scale.action_high / 3)
    return MiniPolicy(policy.network, third, policy.vocabulary)


@pytest.fixture(scope='module')
def policy():
    return small(random_policy(0))


def own_plan(policy, seed=0):
    seen = example_observation(policy)
    return seen, make_steerer('base').plan(policy, seen, None, plan_rng(seed, 0))


def demonstration(policy, steps=14, every=4, name='d0', scale=1.0):
    """The policy's own chunk, its images at every few steps."""
    seen, plan = own_plan(policy)
    actions = np.concatenate([plan.chunk, plan.chunk])[:steps] * scale
    frames = np.arange(0, steps, every)
    images = {c: np.stack([image] * len(frames)) for c, image in seen.images.items()}
    state = np.tile(seen.state, (steps, 1))
    return Demonstrated(name, TASK, state, actions, frames, images, np.full(steps, -1.0))


@pytest.mark.parametrize('seed', range(3))
def test_own_samples_give_back_their_noise(policy, seed):
    seen, plan = own_plan(policy, seed)
    found = label(policy, seen, plan.chunk, plan_rng(9, 9))
    assert found.error < 1e-3
    np.testing.assert_allclose(found.noise, plan.noise, atol=0.02)
    np.testing.assert_allclose(found.reference, plan.chunk, atol=1e-5)


def test_the_noise_becomes_the_demonstrated_actions(policy):
    seen = example_observation(policy)
    actions = np.tile([0.3, -0.2, 0.1, 0.0, 0.0, 0.05, -1.0], (10, 1))
    found = label(policy, seen, actions, plan_rng(0, 0))
    with policy.inference():
        steering = Steering(policy, seen, None, plan_rng(0, 0))
        plan = steering.plan(steering.sample(found.noise[None]), found.noise, 'x')
    off = to_numpy(policy.to_model(plan.chunk, seen)) - to_numpy(policy.to_model(actions, seen))
    assert np.sqrt(np.mean(off**2)) == pytest.approx(found.error, abs=1e-4)
    assert found.error < 0.05


def test_padding_is_the_policys_own():
    policy = RandomDroidPolicy()
    seen, plan = own_plan(policy)
    found = label(policy, seen, plan.chunk, plan_rng(7, 7))
    fresh = plan_rng(7, 7).standard_normal(plan.noise.shape, dtype=np.float32)
    np.testing.assert_array_equal(found.noise[:, 8:], fresh[:, 8:])
    assert found.error < 0.05


def test_a_dataset_is_made_and_says_whose_noise_it_is(policy):
    dataset = label_demonstrations(policy, [demonstration(policy)], Labelling()).dataset
    episode = dataset.episodes[0]
    assert dataset.info.policy.policy_id == policy_id(policy)
    assert dataset.info.cameras == ('agentview', 'wrist')
    assert (episode.outcome, episode.instruction) == ('success', TASK)
    assert episode.images['agentview'].shape[1:] == (84, 84, 3)
    np.testing.assert_array_equal(episode.stamp_ns, np.array([0, 8]) * 50_000_000)
    assert len(episode) == 2
    np.testing.assert_array_equal(episode.executed, [5, 5])


def test_what_goes_with_the_labels_is_in_their_order(policy):
    both = [demonstration(policy), demonstration(policy, steps=6)]  # of two datasets: one name
    labelled = label_demonstrations(policy, both, Labelling())
    assert [e.id for e in labelled.dataset.episodes] == ['d0', 'd0#1']
    assert len(labelled.contexts) == labelled.dataset.samples == 3
    for episode in labelled.dataset.episodes:
        asked = to_numpy(policy.to_model(episode.actions, None))
        np.testing.assert_allclose(labelled.actions[episode.id], asked, atol=1e-5)


def test_what_the_policy_does_by_itself_is_left_to_it(policy, monkeypatch):
    import frs_ros.training.distilled.offline as module

    far = iter([0.3, 0.1, 0.2, 0.3, 0.1])
    monkeypatch.setattr(module, 'distance_to_nearly_all', lambda *_: next(far))
    shown = demonstration(policy, steps=18, every=4)
    labelled = label_demonstrations(policy, [shown], Labelling(every=4, alone=0.2))
    assert labelled.dataset.episodes[0].steered.tolist() == [True, False, False, True, False]


def test_bad_round_trips_are_dropped_and_counted(policy, monkeypatch):
    import frs_ros.training.distilled.offline as module

    real, calls = module.label, []

    def spoilt(*arguments):
        calls.append(1)
        made = real(*arguments)
        return replace(made, error=0.3) if len(calls) == 1 else made

    monkeypatch.setattr(module, 'label', spoilt)
    dataset = label_demonstrations(policy, [demonstration(policy)], Labelling()).dataset
    assert dataset.info.dropped == {ROUND_TRIP: 1}
    assert dataset.samples == 1


def test_actions_that_cannot_be_asked_for_are_counted(policy):
    wild = demonstration(policy, name='wild')
    wild.actions[9] = 50.0
    dataset = label_demonstrations(policy, [demonstration(policy), wild], Labelling()).dataset
    assert dataset.info.dropped[BEYOND] >= 1


def test_no_label_at_all_is_one_clear_line(policy):
    wild = demonstration(policy, scale=100.0)
    with pytest.raises(DataError, match=r'no demonstration gave a label \(2 actions that'):
        label_demonstrations(policy, [wild], Labelling())
    with pytest.raises(DataError, match='there are none'):
        label_demonstrations(policy, [], Labelling())


def test_demonstrations_of_other_robots_are_refused(policy):
    other = RandomDroidPolicy()
    with pytest.raises(DataError, match='d0 has 8 numbers per action, the policy 7'):
        label_demonstrations(policy, [demonstration(other)], Labelling())


@pytest.mark.parametrize(
    ('every', 'expected'), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 3, 4]), (5, [0, 3, 4])]
)
def test_frames_are_at_least_so_far_apart(every, expected):
    frames = np.array([0, 1, 2, 5, 10])
    np.testing.assert_array_equal(chosen_frames(frames, every), expected)


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        ({'every': -1}, '--every'),
        ({'max_error': 0.0}, '--max-error'),
        ({'alone': -0.1}, '--alone'),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        Labelling(**values)


def test_the_command_labels_and_trains(tmp_path, policy, capsys):
    from synthetic_dataset import make_dataset

    from frs_ros.policies.checkpoint import save_policy

    make_dataset(tmp_path / 'demos')
    generalist = save_policy(policy, tmp_path / 'p.safetensors', {})
    out = tmp_path / 'out'
    data = ['--demos', str(tmp_path / 'demos'), '--checkpoint', str(generalist), '--limit', '2']
    quick = ['--steps', '2', '--batch', '4', '--threads', '1', '--out', str(out)]
    assert main(['train', 'offline-dsbc', *data, *quick]) == 0, capsys.readouterr().err
    dataset = load_dataset(out / 'labels')
    assert dataset.info.policy.policy_id == policy_id(policy)
    description = json.loads((out / 'dsbc.json').read_text())
    assert description['training']['data']['digest'] == dataset.digest()
    wrong = ['--instruction', 'fly', *quick]
    assert main(['train', 'offline-dsbc', *data, *wrong]) == 2
    assert 'no demonstration of these instructions' in capsys.readouterr().err
