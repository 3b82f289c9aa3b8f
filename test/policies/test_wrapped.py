# SPDX-License-Identifier: Apache-2.0
"""A policy around another one, and what only some policies offer."""

import numpy as np
import pytest

from frs_ros.evaluation.adjusted import adjusted
from frs_ros.policies.base import FlowPolicy, Identified, Instructed, Stacking, knows
from frs_ros.policies.identity import UNKNOWN, policy_id
from frs_ros.policies.mini import random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.policies.wrapped import WrappedPolicy
from frs_ros.serving.example import example_observation

MINI = random_policy()


@pytest.mark.parametrize('policy', [MINI, RandomDroidPolicy()], ids=['mini', 'droid'])
def test_what_is_inside_is_seen_through(policy):
    wrapped = WrappedPolicy(policy)
    assert isinstance(wrapped, FlowPolicy)
    assert policy_id(wrapped) == policy_id(policy) != UNKNOWN
    assert (wrapped.spec, wrapped.cameras) == (policy.spec, policy.cameras)
    assert [knows(wrapped, words) for words in ('', 'sing')] == [
        knows(policy, words) for words in ('', 'sing')
    ]
    seen = example_observation(policy)
    noise = np.ones((1, policy.spec.horizon, policy.spec.model_dim), np.float32)
    with wrapped.inference():
        fields = [
            p.from_model(
                p.velocity(p.asarray(noise), p.asarray(np.zeros(1)), p.encode(seen)), seen
            )
            for p in (policy, wrapped)
        ]
    np.testing.assert_array_equal(*fields)


def test_an_adjusted_policy_is_the_same_policy():
    other = adjusted(MINI, replan=2, steps=3)
    assert (other.spec.execute_steps, other.spec.steps) == (2, 3)
    assert policy_id(other) == policy_id(MINI)
    assert not knows(other, 'sing')


def test_a_policy_may_lack_what_only_some_offer():
    class Plain:
        """Neither an identity nor words of its own."""

    assert policy_id(Plain()) == UNKNOWN
    assert knows(Plain(), 'sing')
    for contract in (Identified, Instructed, Stacking):
        assert isinstance(MINI, contract)
        assert not isinstance(Plain(), contract)
