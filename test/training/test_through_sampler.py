# SPDX-License-Identifier: Apache-2.0
"""Noise policies that are taught by the actions which their noise becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.policies.mini import MiniPolicy, random_policy
from frs_ros.policies.noise.policy import NoisePolicy
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.serving.example import example_observation
from frs_ros.steering.kernel import Steering
from frs_ros.training.distilled.config import DistilConfig
from frs_ros.training.distilled.offline import Demonstrated, Labelling, label_demonstrations
from frs_ros.training.distilled.through_sampler import ThroughSampler, stacking
from frs_ros.training.distilled.training import learn

TASK = 'pick up the ketchup and place it in the basket'
WANTED = np.array([1.0, -1.5, 0.5, 0.0, 0.8, -0.4, 1.0], np.float32)  # one noise for all rows


@pytest.fixture(scope='module')
def policy():
    made = random_policy(0)
    scale = made.normalisation  # within what can be asked for
    third = replace(scale, action_low=scale.action_low / 3, action_high=scale.action_high / 3)
    return MiniPolicy(made.network, third, made.vocabulary)


@pytest.fixture(scope='module')
def labelled(policy):
    """Two demonstrations whose chunks come from noise `WANTED` and from its opposite."""
    shown = []
    for sign in (1, -1):
        seen = example_observation(policy)
        state = seen.state.copy()
        state[2] += 0.1 * sign  # what tells the two apart
        seen = replace(seen, state=state)
        noise = np.tile(sign * WANTED, (10, 1))
        with policy.inference():
            steering = Steering(policy, seen, None, np.random.default_rng(0))
            plan = steering.plan(steering.sample(noise[None]), noise, 'x')
        images = {name: image[None] for name, image in seen.images.items()}
        shown.append(
            Demonstrated(
                f'd{sign}', TASK, np.tile(state, (10, 1)), plan.chunk, np.array([0]), images,
                np.full(10, -1.0),
            )
        )  # fmt: skip
    return label_demonstrations(policy, shown, Labelling(alone=0.0))


def taught(policy, labelled, **changes):
    settings = {'steps': 150, 'batch': 2, 'learning_rate': 3e-3, 'threads': 1, 'augment': 'none'}
    config = DistilConfig(**settings | {'val_episodes': 0} | changes)
    objective = ThroughSampler(stacking(policy), labelled.contexts, labelled.actions)
    return learn(labelled.dataset, 'x', 'dsbc', config, objective=objective, progress=False)


def test_the_noise_becomes_what_was_demonstrated(policy, labelled):
    weights = {name: value.clone() for name, value in policy.network.state_dict().items()}
    learned = taught(policy, labelled)
    assert learned.metrics['error']['train']['explained'] > 0.85
    assert learned.metrics['labels_are'] == 'actions, in model space'
    for name, value in policy.network.state_dict().items():
        assert torch.equal(value, weights[name])


def test_the_same_seed_gives_the_same_weights(policy, labelled):
    one, other = (taught(policy, labelled, steps=3).network.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_labels_are_the_demonstrated_actions(policy, labelled):
    samples = taught(policy, labelled, steps=1).lesson.samples
    asked = [to_numpy(policy.to_model(e.actions, None)) for e in labelled.dataset.episodes]
    np.testing.assert_allclose(samples.target.numpy(), np.concatenate(asked), atol=1e-5)
    assert samples.number.tolist() == [0, 1]


def test_it_has_learned_no_spread_to_draw_from(policy, labelled):
    learned = taught(policy, labelled, steps=1)
    network = NoisePolicy(learned.network, learned.lesson.description, 'n')
    network.check_draw('mean')
    with pytest.raises(ConfigError, match='taught by actions'):
        network.check_draw('sample')


def test_a_policy_that_sees_one_thing_at_a_time_is_refused():
    with pytest.raises(ConfigError, match='frs train dsbc --data'):
        stacking(RandomDroidPolicy())
