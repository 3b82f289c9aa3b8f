# SPDX-License-Identifier: Apache-2.0
"""Tiny cores with the contract of openpi's and LeRobot's: same calls, signatures and caches.

Each brings its stack's own sampler, written as that stack writes it.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from frs_ros.policies.vla.convention import NOISE_AT_ONE, NOISE_AT_ZERO
from frs_ros.policies.vla.inputs import Inputs
from frs_ros.policies.vla.load import make_vla
from frs_ros.policies.vla.policy import VlaPolicy
from frs_ros.policies.vla.rules import action_rules
from frs_ros.policies.vla.settings import CARTESIAN, ActionSettings, VlaSettings
from frs_ros.policies.vla.stack import Stack
from frs_ros.types import CARTESIAN_DELTA, ActionSpec, CameraSpec

H, D, WIDTH, GRID, WORDS = 10, 32, 16, 4, 8
FEATURES = 2 * GRID * GRID * 3 + WORDS


class Lists:
    """A key-value cache as transformers had it before 4.54."""

    def __init__(self, pairs):
        self.key_cache = [k for k, _ in pairs]
        self.value_cache = [v for _, v in pairs]

    def pairs(self):
        return list(zip(self.key_cache, self.value_cache))


class Layers:
    """A key-value cache as transformers has it since 4.54."""

    def __init__(self, pairs):
        self.layers = [SimpleNamespace(keys=k, values=v, is_sliding=False) for k, v in pairs]

    def pairs(self):
        return [(layer.keys, layer.values) for layer in self.layers]


class Growing(Layers):
    """What of transformers' `DynamicCache` SmolVLA uses since LeRobot 0.6."""

    def update(self, keys, values, index):
        layer = self.layers[index]
        layer.keys = torch.cat([layer.keys, keys], 1)
        layer.values = torch.cat([layer.values, values], 1)

    def crop(self, length):
        for layer in self.layers:
            layer.keys, layer.values = layer.keys[:, :length], layer.values[:, :length]


def dicts(pairs):
    """SmolVLA's cache."""
    return {i: {'key_states': k, 'value_states': v} for i, (k, v) in enumerate(pairs)}


def pairs_of(cache):
    """[(keys, values)] of any of the caches."""
    if isinstance(cache, dict):
        return [(layer['key_states'], layer['value_states']) for layer in cache.values()]
    return cache.pairs()


class FakeCore(nn.Module):
    """Prefix: images, words (and the state) to keys and values. Step: attention of the chunk."""

    cache = Lists
    state_in_prefix = False

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(action_horizon=H, action_dim=D)
        self.prefixes = 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.seen = nn.Linear(FEATURES, 3 * WIDTH)
            self.state = nn.Linear(8, WIDTH)
            self.keys = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(2))
            self.values = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(2))
            self.point = nn.Linear(D, WIDTH)
            self.time = nn.Linear(1, WIDTH)
            self.out = nn.Linear(WIDTH, D)

    def prefix(self, seen, state):
        self.prefixes += 1
        tokens = self.seen(seen).reshape(len(seen), 3, WIDTH)
        if self.state_in_prefix:
            tokens = tokens + self.state(state)[:, None]
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool)
        return mask, self.cache([(k(tokens), v(tokens)) for k, v in zip(self.keys, self.values)])

    def field(self, mask, cache, x, t, state=None):
        """[B, H, D] noise - action, as openpi and LeRobot have it."""
        assert t.shape == (len(x),)
        h = self.point(x) + self.time(t[:, None])[:, None]
        if state is not None:
            h = h + self.state(state)[:, None]
        for keys, values in pairs_of(cache):
            assert len(keys) == len(x)
            weights = (h @ keys.transpose(1, 2) / WIDTH**0.5).masked_fill(~mask[:, None], -1e9)
            h = torch.tanh(h + weights.softmax(-1) @ values)
        return x - 2 * self.out(h)

    def draw(self):
        return torch.randn(1, H, D)


class OpenpiCore(FakeCore):
    """openpi: the state first in the step, by position; time is counted up in float32."""

    @torch.no_grad()
    def sample_actions(self, device, observation, noise=None, num_steps=10):
        mask, cache = self.prefix(*observation)
        dt = torch.tensor(-1.0 / num_steps)
        x, time = self.draw() if noise is None else noise, torch.tensor(1.0)
        while time >= -dt / 2:
            x = x + dt * self.denoise_step(observation[1], mask, cache, x, time.expand(1))
            time = time + dt
        return x

    def denoise_step(self, state, prefix_pad_masks, past_key_values, x_t, timestep):
        return self.field(prefix_pad_masks, past_key_values, x_t, timestep, state)


class LerobotPi0Core(FakeCore):
    """LeRobot's pi0: the state in the step, everything by name."""

    cache = Layers

    @torch.no_grad()
    def sample_actions(self, device, observation, noise=None, num_steps=10):
        mask, cache = self.prefix(*observation)
        x, dt = self.draw() if noise is None else noise, -1.0 / num_steps
        for step in range(num_steps):
            time = torch.tensor(1.0 + step * dt).expand(1)
            x = x + dt * self.step(observation[1], mask, cache, x, time)
        return x

    def step(self, state, mask, cache, x, time):
        return self.denoise_step(
            state=state, prefix_pad_masks=mask, past_key_values=cache, x_t=x, timestep=time
        )

    def denoise_step(self, state, prefix_pad_masks, past_key_values, x_t, timestep):
        return self.field(prefix_pad_masks, past_key_values, x_t, timestep, state)


class Pi05Core(LerobotPi0Core):
    """LeRobot's pi0.5: the state in the prefix."""

    state_in_prefix = True

    def step(self, state, mask, cache, x, time):
        return self.denoise_step(
            prefix_pad_masks=mask, past_key_values=cache, x_t=x, timestep=time
        )

    def denoise_step(self, prefix_pad_masks, past_key_values, x_t, timestep):
        return self.field(prefix_pad_masks, past_key_values, x_t, timestep)


class SmolVlaCore(Pi05Core):
    """SmolVLA: a cache of dicts."""

    cache = staticmethod(dicts)


class JoiningCore(Pi05Core):
    """The chunk attends to itself, too; its keys and values go into no cache."""

    cache = Growing

    def denoise_step(self, prefix_pad_masks, past_key_values, x_t, timestep):
        h = self.point(x_t)
        chunk = torch.ones(h.shape[:2], dtype=torch.bool)
        mask = torch.cat([prefix_pad_masks, chunk], 1)
        joined = self.joined(
            past_key_values, [(k(h), v(h)) for k, v in zip(self.keys, self.values)]
        )
        v = self.field(mask, joined, x_t, timestep)
        self.restore(past_key_values, prefix_pad_masks.shape[1])
        return v

    def joined(self, cache, pairs):
        both = zip(cache.pairs(), pairs)
        return Layers([(torch.cat([a, c], 1), torch.cat([b, d], 1)) for (a, b), (c, d) in both])

    def restore(self, cache, length):
        pass


class SmolVla06Core(JoiningCore):
    """SmolVLA since LeRobot 0.6: each step appends to the cache, and crops it again."""

    def joined(self, cache, pairs):
        for index, (keys, values) in enumerate(pairs):
            cache.update(keys, values, index)
        return cache

    def restore(self, cache, length):
        cache.crop(length)


class PaperCore(Pi05Core):
    """Nobody's: the paper's count of time, noise at 0."""

    @torch.no_grad()
    def sample_actions(self, device, observation, noise=None, num_steps=10):
        mask, cache = self.prefix(*observation)
        x, dt = self.draw() if noise is None else noise, 1.0 / num_steps
        for step in range(num_steps):
            x = x + dt * self.step(None, mask, cache, x, torch.tensor(step * dt).expand(1))
        return x

    def denoise_step(self, prefix_pad_masks, past_key_values, x_t, timestep):
        return -self.field(prefix_pad_masks, past_key_values, x_t, 1 - timestep)


CORES = {
    'openpi': (OpenpiCore, NOISE_AT_ONE),
    'lerobot_pi0': (LerobotPi0Core, NOISE_AT_ONE),
    'pi05': (Pi05Core, NOISE_AT_ONE),
    'smolvla': (SmolVlaCore, NOISE_AT_ONE),
    'joining': (JoiningCore, NOISE_AT_ONE),
    'smolvla_06': (SmolVla06Core, NOISE_AT_ONE),
    'paper': (PaperCore, NOISE_AT_ZERO),
}

SETTINGS = VlaSettings(
    path=Path('fake.yaml'),
    stack='openpi',
    checkpoint=Path(),
    config='fake',
    tokenizer='',
    cameras={'agentview': 'observation/image', 'wrist': 'observation/wrist_image'},
    state={'observation/state': 8},
    instruction='prompt',
    default_instruction='',
    action=ActionSettings(CARTESIAN_DELTA, 20.0, 5, (), 0),
    normalisation='quantiles',
    statistics=Path(),
    device='cpu',
    dtype='float32',
    compile='none',
)
SPEC = ActionSpec(H, 7, D, 20.0, CARTESIAN, ('1',) * 7, 10, 5)
RULES = action_rules(
    'quantiles',
    {'q01': np.array([-0.9, -0.8, -1, -0.3, -0.4, -0.5, -1]), 'q99': np.linspace(0.7, 1, 7)},
    1e-6,
    np.zeros(7, bool),
    D,
)


TINY_PI05 = replace(
    SETTINGS, stack='random', config='tiny', normalisation='none', path=Path('random.yaml')
)


def tiny_pi05(**changes):
    """Random weights in the layers of pi0.5, see `pi05_core`."""
    return make_vla(replace(TINY_PI05, **changes))


def observed(fed):
    """(seen [1, F], state [1, 8]): what the fake stacks' preprocessing makes of their inputs."""
    cells = []
    for name in SETTINGS.cameras.values():
        image = torch.from_numpy(fed[name].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
        cells.append(nn.functional.adaptive_avg_pool2d(image, GRID).flatten())
    words = zlib.crc32(fed['prompt'].encode())
    cells.append(torch.tensor([float(words >> i & 1) for i in range(WORDS)]))
    return torch.cat(cells)[None], torch.from_numpy(fed['observation/state'])[None]


def infer(core, fed, noise=None):
    """The stack's way in, as `Policy.infer` and `predict_action_chunk` are."""
    return core.sample_actions('cpu', observed(fed), noise=noise)


def fake_policy(kind='openpi', start=infer):
    """A `VlaPolicy` on a fake core, `policy.core`."""
    make, convention = CORES[kind]
    core, inputs = make(), Inputs(SETTINGS)
    stack = Stack(
        name=f'fake {kind}',
        core=core,
        start=lambda observation: start(core, inputs(observation)),
        horizon=H,
        model_dim=D,
        steps=10,
        cameras=tuple(CameraSpec(name, 64, 64) for name in SETTINGS.cameras),
        device='cpu',
        epsilon=1e-6,
    )
    policy = VlaPolicy(stack, SPEC, RULES, convention)
    policy.core, policy.inputs = core, inputs
    return policy
