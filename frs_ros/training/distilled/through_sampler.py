# SPDX-License-Identifier: Apache-2.0
"""A noise policy taught by the actions that its noise becomes, not by noise labels.

The noise of a demonstrated chunk is anything but unique: very different noises become nearly the
same actions, and an exact inverse turns the small things in which demonstrations differ into large
differences of noise. A network that learns such labels says their mean, which may become something
else altogether. Here its noise goes through the frozen policy's own sampler, and the error of the
actions comes back through it (the sampler is differentiable; no weight of the policy changes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Generator, Tensor

from frs_ros.datasets.distillation import DistillationEpisode
from frs_ros.errors import ConfigError
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.guidance.references.direction import GRIPPER, ROTATION
from frs_ros.policies.base import Context, FlowPolicy, Stacking
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.steering.kernel import field_of
from frs_ros.training.distilled.data import Samples
from frs_ros.training.distilled.loop import features_of

TYPICAL = 0.16  # deviation of an action from the demonstrated one that costs 1/2, in model space
_LATER = 0.5  # weight of errors of actions beyond those that are executed,
_LESS = 0.5  # ... and of rotation and gripper: the moment of closing may differ by a few steps
_PRIOR = 0.01  # weight of the noise's own size; of two noises that do the same, the likelier
_BATCH = 64


class StackingPolicy(FlowPolicy, Stacking, Protocol):
    """A policy that can look at several observations at once."""


def stacking(policy: FlowPolicy) -> StackingPolicy:
    """The policy; ConfigError if it cannot stack observations."""
    if not isinstance(policy, Stacking):
        raise ConfigError(
            'this policy cannot encode several observations into one batch, so nothing can be '
            'learned through its sampler; learn the noise labels: frs train dsbc --data .../labels'
        )
    return cast(StackingPolicy, policy)


@dataclass(frozen=True)
class ThroughSampler:
    """Behaviour cloning through the sampler; an `objective.Objective`.

    With x = sample(z(o)) and the demonstrated chunk a, both in model space, what is minimised is
    |W (x - a)|^2 / 2 s^2 per element where the demonstrator is to be followed, and everywhere the
    cost of the decision to follow.

    Attributes:
        policy: The frozen generalist.
        contexts: Of all chunks of the dataset, in its order, batch size 1 each.
        actions: Episode -> [N, H, A] demonstrated chunks in model space.
    """

    policy: StackingPolicy
    contexts: Sequence[Context]
    actions: Mapping[str, np.ndarray]
    what: str = 'actions, in model space'

    def label(self, episode: DistillationEpisode) -> np.ndarray:
        """[N, H, A] in model space."""
        return self.actions[episode.id]

    def loss(
        self,
        network: DistilledNetwork,
        features: Tensor,
        samples: Samples,
        rows: Tensor,
        generator: Generator,
    ) -> Tensor:
        """See the class."""
        steered = samples.steered[rows]
        follow = torch.ones(len(rows)) if network.deferral is None else steered.float()
        noise = network.head.mean(features)
        error = self._sampled(noise, samples.number[rows], generator) - samples.target[rows]
        weighted = (error * self._weights()).square().mean((1, 2)) / (2 * TYPICAL**2)
        cost = (follow * weighted).mean() + _PRIOR * noise.square().mean()
        if network.deferral is not None:
            cost = cost + network.deferral.loss(features, steered)
        return cast(Tensor, cost)

    @torch.no_grad()
    def met(
        self, network: DistilledNetwork, samples: Samples, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the noise becomes, and what was demonstrated."""
        generator = Generator().manual_seed(seed)
        noise = network.head.mean(features_of(network, samples))
        parts = torch.arange(len(samples)).split(_BATCH)
        became = [self._sampled(noise[p], samples.number[p], generator) for p in parts]
        return torch.cat(became).numpy(), samples.target.numpy()

    def _sampled(self, noise: Tensor, numbers: Tensor, generator: Generator) -> Tensor:
        """[B, H, A] actions of noise [B, H, A]; the padding is drawn."""
        spec = self.policy.spec
        shape = (len(noise), spec.horizon, spec.model_dim - spec.action_dim)
        padding = torch.randn(shape, generator=generator)
        context = self.policy.stack([self.contexts[i] for i in numbers.tolist()])
        start = torch.cat([noise, padding], 2)
        x: Any = sample(field_of(self.policy, context), start, uniform(spec.steps))
        return cast(Tensor, x[..., : spec.action_dim])

    def _weights(self) -> Tensor:
        """[H, A]."""
        spec = self.policy.spec
        weights = torch.ones(spec.horizon, spec.action_dim)
        weights[spec.execute_steps :] *= _LATER
        fine = [i for i, name in enumerate(spec.names) if name in (*ROTATION, GRIPPER)]
        weights[:, fine] *= _LESS
        return weights
