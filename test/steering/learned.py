# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of methods that have learned, for policies of the tests; quickly made, untrained."""

from __future__ import annotations

from dataclasses import replace

import torch

from frs_ros.policies.identity import policy_info
from frs_ros.policies.noise.checkpoint import save_noise_policy
from frs_ros.policies.noise.description import (
    Architecture,
    Inputs,
    NoiseDescription,
)
from frs_ros.policies.noise.policy import DistilledNetwork

STATE_DIM = 8
VARIANTS = {'dsbc': 'chunk_nll', 'bc': 'flow'}


def make_description(policy, variant, **changes):
    """Of a network that sees the state alone."""
    spec = policy.spec
    cameras = changes.pop('cameras', ())
    features = 11 if spec.space == 'cartesian_delta' else STATE_DIM
    return NoiseDescription(
        generalist=replace(policy_info(policy), **changes),
        inputs=Inputs(cameras, 32, STATE_DIM, (0.0,) * features, (1.0,) * features, ('',)),
        architecture=Architecture(variant, 'small', 8, 2),
        action_low=(-1.0,) * spec.action_dim,
        action_high=(1.0,) * spec.action_dim,
    )


def make_checkpoint(policy, path, variant, seed=0, **changes):
    """Writes a network whose answers differ from observation to observation."""
    description = make_description(policy, variant, **changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = DistilledNetwork(description)
        torch.nn.init.normal_(network.head.out[-1].weight, std=0.3)
    return str(save_noise_policy(network, description, path))
