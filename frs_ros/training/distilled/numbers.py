# SPDX-License-Identifier: Apache-2.0
"""Numbers about noise labels and about how well a network meets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from frs_ros.policies.noise.description import REPEATED
from frs_ros.policies.noise.heads import BOUND, Centred
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.training.distilled.data import Samples
from frs_ros.training.distilled.loop import features_of
from frs_ros.training.generalist.loop import step_generator

_SEED = 2  # kind of random numbers, beside those of the training


@torch.no_grad()
def predictions(network: DistilledNetwork, samples: Samples, seed: int) -> np.ndarray:
    """[N, H, A] most likely noise; one sample of the actions from a network of actions."""
    features, head = features_of(network, samples), network.head
    if isinstance(head, Centred):
        return np.asarray(head.mean(features))
    fresh = torch.randn(samples.target.shape, generator=step_generator(seed, _SEED, 0))
    return np.asarray(head.draw(features, fresh))


@torch.no_grad()
def decisions(network: DistilledNetwork, samples: Samples) -> dict[str, float]:
    """How often the network steers and lets go where the demonstrator did so.

    `unsteered` is the part of the chunks that the demonstrator left to the policy, `right` the
    part of all chunks that the network decides likewise.
    """
    let_go = ~samples.steered
    right = (network.deferral_probability(features_of(network, samples)) > 0.5) == let_go
    return {'unsteered': float(let_go.float().mean()), 'right': float(right.float().mean())}


def label_of(samples: Samples, variant: str) -> np.ndarray:
    """[N, H, A] what the network is asked for: of repeated noise, its average over the rows."""
    target = samples.target.numpy()
    if variant != REPEATED:
        return target
    return np.broadcast_to(target.mean(1, keepdims=True), target.shape)


def statistics(samples: Samples, names: Sequence[str]) -> dict[str, Any]:
    """Mean and deviation of the labels by dimension, over all rows and by steering.

    `row_std` is the deviation within a chunk, which repeated noise cannot have: that of steered
    noise is small, that of noise that the policy drew itself is 1.
    """
    target, steered = samples.target.numpy(), samples.steered.numpy()
    chosen = {'all': np.ones(len(target), bool), 'steered': steered, 'unsteered': ~steered}
    return {
        name: {
            'samples': int(rows.sum()),
            'mean': _by_name(target[rows].mean((0, 1)), names),
            'std': _by_name(target[rows].std((0, 1)), names),
            'row_std': _by_name(target[rows].std(1).mean(0), names),
            'beyond_bound': float((np.abs(target[rows].mean(1)) > BOUND).mean()),
        }
        for name, rows in chosen.items()
        if rows.any()
    }


def errors(predicted: np.ndarray, label: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Root mean square of prediction - label by dimension, beside that of the label itself.

    `explained` is 1 - (error / label)^2: 0 is as good as always saying 0, which for noise is the
    policy's most average action.
    """
    error, size = (np.sqrt(np.mean(np.square(x), (0, 1))) for x in (predicted - label, label))
    total = float(np.mean(error**2)), float(np.mean(size**2))
    return {
        'rms': _by_name(error, names),
        'label_rms': _by_name(size, names),
        'explained': 1 - total[0] / total[1] if total[1] > 0 else 0.0,
    }


def _by_name(values: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=True)}
