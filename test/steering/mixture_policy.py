# SPDX-License-Identifier: Apache-2.0
"""A FlowPolicy whose field is exact: six directions, each with the hand open or closed."""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.mixture import GaussianMixture
from frs_ros.types import ActionSpec, Observation

NAMES = ('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper')
# Raw 0 is not 0 in model space, as with quantile normalisation.
OFFSET = np.array([0.05, 0.0, -0.1, 0.02, 0.0, 0.0, 0.0])
SCALE = np.array([1.0, 1.0, 0.9, 0.2, 0.2, 0.3, 1.0])


@dataclass(frozen=True)
class MixtureContext:
    size: int = 1

    def expand(self, n):
        return MixtureContext(n)


class MixturePolicy:
    """Gaussian mixture over chunks; knows nothing about observations.

    Args:
        padding: Extra model dimensions, distributed as the noise is.
        library: 'numpy' or 'torch'.
        std: Spread of each mode.
    """

    cameras = ()

    def __init__(self, padding=0, library='numpy', std=0.3, horizon=4, steps=10):
        width = len(NAMES) + padding
        self.spec = ActionSpec(
            horizon, len(NAMES), width, 20.0, NAMES, ('1',) * len(NAMES), steps, 2
        )
        self.library = library
        directions = np.concatenate([np.eye(3), -np.eye(3)])
        means = np.zeros((12, horizon, width))
        means[:6, :, :3] = means[6:, :, :3] = 0.9 * directions[:, None]
        means[:6, :, 6], means[6:, :, 6] = -1.0, 1.0
        self.mixture = GaussianMixture(means, np.full(12, std), np.ones(12))

    def encode(self, observation):
        return MixtureContext()

    def velocity(self, x, t, context):
        assert x.shape == (context.size, self.spec.horizon, self.spec.model_dim)
        assert t.shape == (context.size,)
        return self.mixture.velocity(x, t)

    def to_model(self, chunk, observation):
        model = np.zeros((*chunk.shape[:-1], self.spec.model_dim))
        model[..., : self.spec.action_dim] = (chunk - OFFSET) / SCALE
        return self.asarray(model)

    def from_model(self, x, observation):
        return to_numpy(x)[..., : self.spec.action_dim] * SCALE + OFFSET

    def asarray(self, x):
        array = np.array(x, dtype=np.float32)
        return torch.from_numpy(array) if self.library == 'torch' else array

    def inference(self):
        return torch.inference_mode() if self.library == 'torch' else nullcontext()


def observation(gripper_command=-1.0):
    return Observation(images={}, state=np.zeros(8), gripper_command=gripper_command)


class Coupled(MixturePolicy):
    """Goes left with an open hand, or down left with a closed one."""

    def __init__(self):
        super().__init__()
        means = np.zeros((2, 4, 7))
        means[:, :, 1] = 0.9
        means[1, :, 2] = -0.9
        means[0, :, 6], means[1, :, 6] = -1.0, 1.0
        self.mixture = GaussianMixture(means, np.full(2, 0.5), np.ones(2))
