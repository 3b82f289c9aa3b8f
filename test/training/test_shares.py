# SPDX-License-Identifier: Apache-2.0
"""Gradients of a batch that several threads share."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from frs_ros.training.shares import MAX_GRADIENT_NORM, set_gradients


@pytest.mark.parametrize('workers', [1, 2, 4])
def test_the_gradient_is_that_of_the_whole_batch(workers):
    torch.manual_seed(0)
    network, batch = nn.Linear(3, 1), 0.1 * torch.randn(8, 3)
    shares = batch.chunk(workers)
    with ThreadPoolExecutor(workers) as pool:
        told = set_gradients(
            list(network.parameters()),
            lambda worker: (network(shares[worker]).square().mean(), worker),
            workers,
            pool,
        )
    assert told == list(range(workers))
    found = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    network(batch).square().mean().backward()
    for gradient, parameter in zip(found, network.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


def test_it_is_clipped_and_zero_for_what_a_share_does_not_use():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    with ThreadPoolExecutor(1) as pool:
        set_gradients([used, unused], lambda _: (1e3 * used.sum(), None), 1, pool)
    assert used.grad.norm().item() == pytest.approx(MAX_GRADIENT_NORM, rel=1e-4)
    assert unused.grad.tolist() == [0.0, 0.0]
