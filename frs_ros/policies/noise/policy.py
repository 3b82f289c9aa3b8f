# SPDX-License-Identifier: Apache-2.0
"""Small networks that stand between an observation and a generalist, or in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from frs_ros.errors import ConfigError, choose
from frs_ros.policies.base import FlowPolicy
from frs_ros.policies.noise.action_head import ActionFlow
from frs_ros.policies.noise.deferral import Deferral
from frs_ros.policies.noise.description import (
    CHUNK,
    CHUNK_NLL,
    FLOW,
    REPEATED,
    NoiseDescription,
    check_generalist,
)
from frs_ros.policies.noise.heads import ChunkGaussian, ChunkRegression, Drawing, RepeatedGaussian
from frs_ros.policies.noise.inputs import image_of, scaled_state
from frs_ros.policies.noise.network import ObservationEncoder, to_input
from frs_ros.types import Observation

HEADS: dict[str, Any] = {
    REPEATED: RepeatedGaussian,
    CHUNK: ChunkRegression,
    CHUNK_NLL: ChunkGaussian,
    FLOW: ActionFlow,
}
MEAN, SAMPLE = 'mean', 'sample'
NOISE = 'noise'  # what the labels of a training are, if not actions
DRAWS = (MEAN, SAMPLE)


class DistilledNetwork(nn.Module):
    """Encoder, head, and a deferral if it has learned one."""

    def __init__(self, description: NoiseDescription) -> None:
        """Untrained."""
        super().__init__()
        sizes, generalist = description.architecture, description.generalist
        self.encoder = ObservationEncoder(description.inputs, sizes.encoder)
        self.head = HEADS[sizes.variant](
            self.encoder.features,
            generalist.horizon,
            generalist.action_dim,
            sizes.width,
            sizes.layers,
        )
        self.deferral = Deferral(self.encoder.features, sizes.width) if sizes.defer else None

    def loss(
        self, features: Tensor, target: Tensor, steered: Tensor, generator: Generator
    ) -> Tensor:
        """Scalar to minimise, for features [B, F].

        With deferral this is the negative log likelihood per element of what the demonstrator
        did: the noise counts where it was steered, and everywhere, whether it was.

        Args:
            features: [B, F].
            target: [B, H, A] labels.
            steered: [B] bool, whether guidance was followed.
            generator: Source of randomness.
        """
        if self.deferral is None:
            whole: Tensor = self.head.loss(features, target, generator)
            return whole
        decision = self.deferral.loss(features, steered)
        if not steered.any():
            return decision
        noise: Tensor = self.head.loss(features[steered], target[steered], generator)
        return decision + steered.float().mean() * noise

    def deferral_probability(self, features: Tensor) -> Tensor:
        """[B] of leaving the noise to the policy, for features [B, F]."""
        if self.deferral is None:
            return torch.zeros(len(features))
        return self.deferral.probability(features)


class _Distilled:
    """A trained network with its description; frozen, on the CPU, in float32."""

    def __init__(
        self, network: DistilledNetwork, description: NoiseDescription, name: str
    ) -> None:
        """`name` is how messages call it, such as its path."""
        self.network = network.eval().requires_grad_(False)
        self.description = description
        self.name = name

    def check(self, policy: FlowPolicy) -> None:
        """ConfigError in one line unless it was trained for this policy."""
        check_generalist(self.description, policy, self.name)

    @torch.no_grad()
    def warm_up(self) -> None:
        """Runs the network once, so that its first plan is not slow."""
        inputs, sizes = self.description.inputs, self.description.generalist
        image = torch.zeros(1, inputs.image_size, inputs.image_size, 3, dtype=torch.uint8)
        features = self.network.encoder(
            [to_input(image)] * len(inputs.cameras),
            torch.zeros(1, len(inputs.state_mean)),
            torch.zeros(1, dtype=torch.long),
        )
        self.network.deferral_probability(features)
        if isinstance(self.network.head, Drawing):
            self.network.head.draw(features, torch.zeros(1, sizes.horizon, sizes.action_dim))

    def _features(self, observation: Observation) -> Tensor:
        """[1, F]; ConfigError if the observation is not what it was trained with."""
        inputs = self.description.inputs
        try:
            index = inputs.instruction_index(observation.instruction)
        except ConfigError as error:
            raise ConfigError(f'{self.name}: {error}') from None
        images = [image_of(observation, camera, inputs.image_size) for camera in inputs.cameras]
        state = scaled_state(
            np.asarray(observation.state)[None], inputs, self.description.generalist.action_space
        )
        features: Tensor = self.network.encoder(
            [to_input(torch.from_numpy(image)[None]) for image in images],
            torch.from_numpy(state),
            torch.tensor([index]),
        )
        return features

    def _fresh(self, fresh: np.ndarray) -> Tensor:
        """[1, H, A] of noise [H, D]."""
        actions = self.description.generalist.action_dim
        return torch.from_numpy(np.ascontiguousarray(fresh[None, :, :actions], np.float32))


class NoisePolicy(_Distilled):
    """Observation -> noise of the generalist (DSBC)."""

    def check_draw(self, draw: str) -> None:
        """ConfigError unless noise can be had in this way."""
        choose('draw', draw, DRAWS)
        if draw == SAMPLE and not isinstance(self.network.head, Drawing):
            variant = self.description.architecture.variant
            raise ConfigError(f"{self.name} is '{variant}', which has nothing to draw; use mean")
        if draw == SAMPLE and self.description.training.get('labels_are', NOISE) != NOISE:
            raise ConfigError(
                f'{self.name} was taught by actions and knows no spread of the noise; use mean'
            )

    @torch.no_grad()
    def noise(
        self, observation: Observation, fresh: np.ndarray, draw: str = MEAN, chance: float = 0.5
    ) -> tuple[np.ndarray, bool]:
        """[H, D] float32 noise for the generalist, and whether it lets go: then that is `fresh`.

        Args:
            observation: What the generalist sees.
            fresh: [H, D] standard normal noise; the padding keeps it, and where the network
                leaves the noise to the policy, all of it does.
            draw: One of `DRAWS`.
            chance: Drawn uniformly from [0, 1). With 'sample' it lets go if its probability of
                letting go is above; with 'mean' it does what is more likely.

        Raises:
            ConfigError: The observation is not what it was trained with, or `draw` not possible.
        """
        self.check_draw(draw)
        features, head = self._features(observation), self.network.head
        noise = np.array(fresh, dtype=np.float32)
        needed = chance if draw == SAMPLE else 0.5
        if self.network.deferral_probability(features).item() > needed:
            return noise, True
        learned = head.mean(features) if draw == MEAN else head.draw(features, self._fresh(fresh))
        noise[:, : learned.shape[2]] = learned[0].numpy()
        return noise, False


class ClonedPolicy(_Distilled):
    """Observation -> actions, without any generalist (standard behaviour cloning)."""

    @torch.no_grad()
    def chunk(self, observation: Observation, fresh: np.ndarray) -> np.ndarray:
        """[H, A] float64 actions in units, sampled from standard normal noise [H, D or A]."""
        scaled = self.network.head.draw(self._features(observation), self._fresh(fresh))
        low, high = (
            np.asarray(limits, np.float64)
            for limits in (self.description.action_low, self.description.action_high)
        )
        return (scaled[0].double().numpy() + 1) / 2 * (high - low) + low
