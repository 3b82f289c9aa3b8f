# SPDX-License-Identifier: Apache-2.0
"""Learning labels as they are: noise for DSBC, actions for BC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Generator, Tensor

from frs_ros.datasets.distillation import DistillationEpisode
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.training.distilled.data import Samples
from frs_ros.training.distilled.numbers import label_of, predictions


@dataclass(frozen=True)
class Likelihood:
    """The network's own loss on labels; an `objective.Objective`.

    Attributes:
        what: What the labels are.
        label: [N, H, A] of an episode.
        variant: Of the network, see `noise_description.KIND_OF`.
    """

    what: str
    label: Callable[[DistillationEpisode], np.ndarray]
    variant: str

    def loss(
        self,
        network: DistilledNetwork,
        features: Tensor,
        samples: Samples,
        rows: Tensor,
        generator: Generator,
    ) -> Tensor:
        """See `DistilledNetwork.loss`."""
        return network.loss(features, samples.target[rows], samples.steered[rows], generator)

    def met(
        self, network: DistilledNetwork, samples: Samples, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most likely label, and the label; of repeated noise its average over the rows."""
        return predictions(network, samples, seed), label_of(samples, self.variant)
