# SPDX-License-Identifier: Apache-2.0
"""What loading a large policy is tested with: an observation, weights, modules that stand in."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import torch
from fake_vla import SmolVlaCore, observed

from frs_ros.types import Observation

STATE = np.array([0.1, -0.2, 0.3, -2.0, 0.3, 1.9, 0.4, 0.5])
QUANTILES = {'q01': [-0.5] * 8, 'q99': [0.7] * 8, 'mean': [0.1] * 8, 'std': [0.6] * 8}
CAMERAS = {'agentview': 'observation/image', 'wrist': 'observation/wrist_image'}


def observation():
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for name in CAMERAS}
    return Observation(images, STATE, 'open the drawer')


def module(monkeypatch, name, **members):
    """A module that can be imported, with its packages."""
    parts = name.split('.')
    for i in range(1, len(parts) + 1):
        path = '.'.join(parts[:i])
        if path not in sys.modules:
            monkeypatch.setitem(sys.modules, path, ModuleType(path))
            if i > 1:
                setattr(sys.modules['.'.join(parts[: i - 1])], parts[i - 1], sys.modules[path])
    vars(sys.modules[name]).update(members)


class LerobotPolicy(torch.nn.Module):
    """LeRobot's policy as its loader makes it."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.model = SmolVlaCore()
        self.model.vlm_with_expert = torch.nn.Linear(1, 1)

    def predict_action_chunk(self, batch):
        images = {
            k: (v[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
            for k, v in batch.items()
            if v is not None and hasattr(v, 'ndim') and v.ndim == 4
        }
        rest = {'observation/state': batch['observation/state'][0].numpy()}
        return self.model.sample_actions(
            'cpu', observed({**images, **rest, 'prompt': batch['prompt']})
        )


def trained():
    """Weights that no `LerobotPolicy` has by itself."""
    weights = LerobotPolicy(None).state_dict()
    return {name: 1.5 * tensor + 0.01 for name, tensor in weights.items()}
