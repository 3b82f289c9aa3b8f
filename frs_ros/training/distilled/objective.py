# SPDX-License-Identifier: Apache-2.0
"""What a small network is trained for: labels, loss, and how well it does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import Generator, Tensor

from frs_ros.datasets.distillation import DistillationEpisode
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.training.distilled.data import Samples


class Objective(Protocol):
    """One way to teach a `DistilledNetwork`."""

    @property
    def what(self) -> str:
        """What the labels are, for titles."""
        ...

    def label(self, episode: DistillationEpisode) -> np.ndarray:
        """[N, H, A] labels of an episode."""
        ...

    def loss(
        self,
        network: DistilledNetwork,
        features: Tensor,
        samples: Samples,
        rows: Tensor,
        generator: Generator,
    ) -> Tensor:
        """Scalar to minimise, for the features [B, F] of the samples in `rows` [B]."""
        ...

    def met(
        self, network: DistilledNetwork, samples: Samples, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the network says and what it should have said, [N, H, A] each."""
        ...
