# SPDX-License-Identifier: Apache-2.0
"""The loss of a network that may defer is the likelihood of what the demonstrator did."""

from __future__ import annotations

import math

import pytest
import torch

from frs_ros.policies.identity import PolicyInfo
from frs_ros.policies.noise.deferral import Deferral
from frs_ros.policies.noise.description import Architecture, Inputs, NoiseDescription
from frs_ros.policies.noise.policy import DistilledNetwork

H, A, STATE = 4, 7, 8
GENERATOR = torch.Generator().manual_seed(0)


def make_network(defer):
    torch.manual_seed(0)
    network = DistilledNetwork(
        NoiseDescription(
            PolicyInfo('f' * 16, H, A, A, 'joint_delta', 20.0),
            Inputs((), 32, STATE, (0.0,) * STATE, (1.0,) * STATE, ('',)),
            Architecture('chunk_nll', 'small', 16, 2, defer),
        )
    )
    for module in (network.head, network.deferral):
        if module is not None:
            torch.nn.init.normal_(module.out[-1].weight, std=0.5)
    return network


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(6, STATE, generator=generator)
    return features, torch.randn(6, H, A, generator=generator)


@pytest.mark.parametrize('kept', [(0, 2, 3), (0, 1, 2, 3, 4, 5), ()])
def test_noise_counts_where_it_was_steered_alone(batch, kept):
    features, noise = batch
    network = make_network(True)
    steered = torch.zeros(6, dtype=torch.bool)
    steered[list(kept)] = True
    got = network.loss(features, noise, steered, GENERATOR)
    p = torch.sigmoid(network.deferral.out(features)[:, 0])
    mean, log_std = network.head.gaussian(features)
    law = torch.distributions.Normal(mean, log_std.exp())
    told = -law.log_prob(noise).mean((1, 2))
    expected = torch.where(steered, told - p.log(), -(1 - p).log()).mean()
    torch.testing.assert_close(got, expected)
    other = noise + 3 * ~steered[:, None, None]
    torch.testing.assert_close(network.loss(features, other, steered, GENERATOR), got)


def test_without_deferral_every_chunk_counts_and_none_is_left(batch):
    features, noise = batch
    network = make_network(False)
    for steered in (torch.zeros(6, dtype=torch.bool), torch.ones(6, dtype=torch.bool)):
        got = network.loss(features, noise, steered, GENERATOR)
        torch.testing.assert_close(got, network.head.loss(features, noise, GENERATOR))
    assert not network.deferral_probability(features).any()


def test_an_untrained_deferral_is_undecided(batch):
    features, _ = batch
    deferral = Deferral(STATE, 16)
    torch.nn.init.zeros_(deferral.out[-1].weight)
    loss = deferral.loss(features, torch.tensor([True, False] * 3))
    assert float(loss.detach()) == pytest.approx(math.log(2))
    assert not (deferral.probability(features) > 0.5).any()  # who does not know goes on steering
