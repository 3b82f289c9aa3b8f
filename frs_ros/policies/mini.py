# SPDX-License-Identifier: Apache-2.0
"""The embedded small generalist as a `FlowPolicy`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from frs_ros.errors import ConfigError
from frs_ros.policies import images
from frs_ros.policies.identity import fingerprint, of_spec
from frs_ros.policies.mini_network import ACTION_DIM, HORIZON, PROPRIO_DIM, MiniNetwork
from frs_ros.policies.normalisation import Normalisation
from frs_ros.policies.proprioception import proprioception
from frs_ros.policies.vocabulary import Vocabulary
from frs_ros.types import AGENTVIEW, WRIST, ActionSpec, CameraSpec, Observation

MINI_SPEC = ActionSpec(
    horizon=HORIZON,
    action_dim=ACTION_DIM,
    model_dim=ACTION_DIM,
    control_hz=20.0,
    names=('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper'),
    units=('1',) * ACTION_DIM,
    steps=10,
    execute_steps=5,
)


@dataclass(frozen=True)
class MiniContext:
    """An encoded observation.

    Attributes:
        condition: [B, width] share of the observation in the flow head's first layer.
    """

    condition: Tensor

    def expand(self, n: int) -> MiniContext:
        """The same observation for a batch of n; memory is shared."""
        return MiniContext(self.condition.expand(n, -1))


class MiniPolicy:
    """Small image-based flow-matching policy; frozen, on the CPU, in float32.

    Args:
        network: Its weights; switched to evaluation and frozen here.
        normalisation: Scaling of actions and proprioception the network was trained with.
        vocabulary: Instructions the network was trained with.
    """

    spec: ActionSpec = MINI_SPEC
    cameras: tuple[CameraSpec, ...] = images.CAMERAS

    def __init__(
        self, network: MiniNetwork, normalisation: Normalisation, vocabulary: Vocabulary
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.normalisation = normalisation
        self.vocabulary = vocabulary

    @cached_property
    def identity(self) -> str:
        """Of weights (as files keep them, in float16), spec, scaling and instructions."""
        weights = sorted(self.network.state_dict().items())
        described = {
            'normalisation': self.normalisation.to_json(),
            'instructions': self.vocabulary.instructions,
        }
        return fingerprint(
            [
                of_spec(self.spec),
                json.dumps(described, sort_keys=True),
                *(part for k, v in weights for part in (k, v.half().numpy().tobytes())),
            ]
        )

    def knows(self, instruction: str) -> bool:
        """Whether the instruction was trained; any other one counts as no instruction."""
        return self.vocabulary.knows(instruction)

    @torch.no_grad()
    def encode(self, observation: Observation) -> MiniContext:
        """Runs stems and projection once.

        Raises:
            ConfigError: If an image is missing or misshapen, or the state is not [8] and finite.
        """
        state = np.asarray(observation.state)
        if state.ndim != 1:
            raise ConfigError(f'state must be a vector, this one has shape {state.shape}')
        proprio = self.normalisation.standardise(proprioception(state))
        agentview, wrist = (self._image(observation, camera) for camera in self.cameras)
        instruction = torch.tensor([self.vocabulary.index(observation.instruction)])
        seen = self.network.look(agentview, wrist, instruction)
        return MiniContext(
            self.network.condition(
                seen[0].tokens(), seen[1].tokens(), torch.from_numpy(proprio)[None], instruction
            )
        )

    def stack(self, contexts: Sequence[MiniContext]) -> MiniContext:
        """Several encoded observations as one context."""
        return MiniContext(torch.cat([context.condition for context in contexts]))

    def velocity(self, x: Tensor, t: Tensor, context: Any) -> Tensor:
        """dx/dt at x [B, H, D] and t [B]; the `MiniContext` has batch B or 1."""
        return self.network.flow(x, t, context.condition)

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Tensor:
        """[.., H, A] in units -> [.., H, D] float32 in model space."""
        return self.asarray(self.normalisation.normalise_action(np.asarray(chunk)))

    def from_model(self, x: Tensor, observation: Observation) -> np.ndarray:
        """[.., H, D] in model space -> [.., H, A] float64 in units."""
        return self.normalisation.restore_action(x.detach().numpy().astype(np.float64))

    def asarray(self, x: np.ndarray) -> Tensor:
        """Float32 tensor; shares memory where it can."""
        return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))

    def inference(self) -> AbstractContextManager[None]:
        """`torch.no_grad`; a context made inside may be differentiated through outside."""
        return torch.no_grad()

    def _image(self, observation: Observation, camera: CameraSpec) -> Tensor:
        """[1, 3, h, w] in [-0.5, 0.5], channels last."""
        if camera.name not in observation.images:
            raise ConfigError(f"observation lacks the image of camera '{camera.name}'")
        image = images.prepare(observation.images[camera.name], camera)
        # numpy scales before torch sees it: [h, w, 3] permuted is channels-last without a copy
        scaled = image.astype(np.float32) / np.float32(255) - np.float32(0.5)
        return torch.from_numpy(scaled).permute(2, 0, 1)[None]


def make_network(vocabulary: Vocabulary) -> MiniNetwork:
    """Untrained network for the cameras and instructions of the policy."""
    return MiniNetwork(len(vocabulary), images.network_size(AGENTVIEW), images.network_size(WRIST))


def random_policy(seed: int = 0) -> MiniPolicy:
    """A policy with random weights, a mild and smooth field: for tests and benchmarks."""
    vocabulary = Vocabulary(
        f'pick up the {thing} and place it in the basket' for thing in ('ketchup', 'orange juice')
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make_network(vocabulary)
        for layer in (network.flow.out, network.agentview_stem.film, network.wrist_stem.film):
            nn.init.normal_(layer.weight, std=0.03)  # zero at the start of training
    half_width = np.array([1, 1, 1, 0.1, 0.1, 0.1, 1], dtype=np.float32)
    normalisation = Normalisation(
        action_low=-half_width,
        action_high=half_width,
        proprio_mean=np.zeros(PROPRIO_DIM, np.float32),
        proprio_std=np.ones(PROPRIO_DIM, np.float32),
    )
    return MiniPolicy(network, normalisation, vocabulary)
