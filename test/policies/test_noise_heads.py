# SPDX-License-Identifier: Apache-2.0
"""The heads of noise policies against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, TransformedDistribution
from torch.distributions.transforms import AffineTransform, TanhTransform

from frs_ros.policies.noise.action_head import ActionFlow
from frs_ros.policies.noise.heads import (
    BOUND,
    LOG_STD,
    ChunkGaussian,
    ChunkRegression,
    RepeatedGaussian,
)

B, F, H, A = 5, 6, 4, 3


def make(kind, seed=0):
    """A head whose last layer does something."""
    torch.manual_seed(seed)
    head = kind(F, H, A, 16, 2)
    torch.nn.init.normal_(head.out[-1].weight, std=0.3)
    torch.nn.init.normal_(head.out[-1].bias, std=0.3)
    return head


@pytest.fixture
def features():
    return torch.randn(B, F, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def noise():
    return torch.randn(B, H, A, generator=torch.Generator().manual_seed(2))


GENERATOR = torch.Generator().manual_seed(3)


def test_repeated_likelihood_is_that_of_a_squashed_gaussian(features, noise):
    head = make(RepeatedGaussian)
    m, log_std = head.gaussian(features)
    law = TransformedDistribution(
        Normal(m, log_std.exp()), [TanhTransform(), AffineTransform(0, BOUND)]
    )
    expected = -law.log_prob(noise.mean(1)).mean()
    torch.testing.assert_close(head.loss(features, noise, GENERATOR), expected)


def test_chunk_likelihood_is_gaussian(features, noise):
    head = make(ChunkGaussian)
    mean, log_std = head.gaussian(features)
    expected = -Normal(mean, log_std.exp()).log_prob(noise).mean()
    torch.testing.assert_close(head.loss(features, noise, GENERATOR), expected)


def test_regression_is_least_squares(features, noise):
    head = make(ChunkRegression)
    expected = ((head.mean(features) - noise) ** 2).mean()
    torch.testing.assert_close(head.loss(features, noise, GENERATOR), expected)


def test_standard_normal_labels_cost_their_entropy_when_nothing_is_known(features):
    head = make(ChunkGaussian)
    torch.nn.init.zeros_(head.out[-1].weight)
    torch.nn.init.zeros_(head.out[-1].bias)
    labels = torch.zeros(B, H, A)
    assert head.loss(features, labels, GENERATOR).item() == pytest.approx(
        0.5 * math.log(2 * math.pi)
    )


def test_repeated_noise_is_within_its_bound_and_the_same_in_every_row(features):
    head = make(RepeatedGaussian)
    with torch.no_grad():
        head.out[-1].weight.mul_(1000)
        fresh = 10 * torch.randn(B, H, A)
        for noise in (head.mean(features), head.draw(features, fresh)):
            assert noise.shape == (B, H, A)
            assert noise.abs().max() <= BOUND
            assert torch.equal(noise, noise[:, :1].expand_as(noise))


def test_labels_beyond_the_bound_cost_a_finite_amount(features):
    head = make(RepeatedGaussian)
    loss = head.loss(features, torch.full((B, H, A), 40.0), GENERATOR)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def test_deviations_stay_within_their_limits(features):
    head = make(ChunkGaussian)
    with torch.no_grad():
        head.out[-1].weight.mul_(1000)
        log_std = head.gaussian(features)[1]
    assert LOG_STD[0] <= log_std.min() < LOG_STD[0] + 0.1
    assert LOG_STD[1] - 0.1 < log_std.max() <= LOG_STD[1]


def test_an_unsure_head_draws_the_unsteered_noise(features, noise):
    head = make(ChunkGaussian)
    torch.nn.init.zeros_(head.out[-1].weight)
    torch.nn.init.zeros_(head.out[-1].bias)  # N(0, 1) everywhere
    torch.testing.assert_close(head.draw(features, noise), noise)


@pytest.mark.parametrize('kind', [RepeatedGaussian, ChunkGaussian])
def test_draws_have_the_law_that_was_learned(kind, features):
    head = make(kind)
    with torch.no_grad():
        head.out[-1].weight.zero_()
        head.out[-1].bias.copy_(torch.randn(head.out[-1].bias.shape).mul_(0.2))
        one = features[:1].expand(20000, -1)
        fresh = torch.randn(20000, H, A, generator=torch.Generator().manual_seed(5))
        drawn = head.draw(one, fresh)
        log_std = head.gaussian(features[:1])[1]
    expected = head.mean(features[:1])[0].detach()
    torch.testing.assert_close(drawn.mean(0), expected, rtol=0, atol=0.06)
    if kind is ChunkGaussian:
        torch.testing.assert_close(drawn.std(0), log_std.exp()[0], rtol=0.03, atol=0)


def test_action_flow_learns_a_point():
    """All actions are the same: from any noise the field leads there."""
    head = make(ActionFlow)
    features, action = torch.zeros(32, F), torch.linspace(-0.8, 0.8, H * A).reshape(1, H, A)
    optimizer = torch.optim.Adam(head.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        loss = head.loss(features, action.expand(32, -1, -1), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        drawn = head.draw(features, torch.randn(32, H, A, generator=generator))
    assert float(((drawn - action) ** 2).mean().sqrt()) < 0.3  # of noise: 1.1
