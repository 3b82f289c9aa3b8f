# SPDX-License-Identifier: Apache-2.0
"""Second stage of the generalist's training: the flow head alone, on cached keypoints.

The stems are most of the cost and are good after the first stage; frozen, their keypoints are
computed once and the flow head trains an order of magnitude faster.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch import Generator, Tensor, nn
from tqdm import tqdm

from frs_ros.policies.mini_network import MiniNetwork
from frs_ros.policies.vocabulary import NO_INSTRUCTION
from frs_ros.training.generalist.config import GeneralistConfig
from frs_ros.training.generalist.data import Frames
from frs_ros.training.generalist.loop import step_generator
from frs_ros.training.generalist.losses import flow_matching_loss
from frs_ros.training.generalist.objective import PROPRIO_NOISE, augment, look

_CACHE_SEED = 1000  # 'stage' number of the cache's random numbers
_CACHE_BATCH = 64
_TOKEN_NOISE = 0.005  # of cached keypoint positions in agentview and wrist


def head_parameters(network: MiniNetwork) -> list[nn.Parameter]:
    """What the second stage trains; the instruction embedding stays, the stems rely on it."""
    return [*network.project.parameters(), *network.flow.parameters()]


def cache_keypoints(
    network: MiniNetwork, frames: Frames, seed: int, workers: int, progress: bool = True
) -> Tensor:
    """Keypoint tokens of augmented images, without ([0]) and with ([1]) the instruction.

    Returns:
        [2, N, cameras, k, 3 + f] float16.
    """
    starts = range(0, len(frames), _CACHE_BATCH)
    variants = []
    with ThreadPoolExecutor(workers) as pool:
        for named in (False, True):
            tokens = pool.map(partial(_tokens, network, frames, named, seed), starts)
            bar = tqdm(tokens, f'keypoints {named + 1}/2', len(starts), disable=not progress)
            variants.append(torch.cat(list(bar)))
    return torch.stack(variants)


@torch.no_grad()
def _tokens(network: MiniNetwork, frames: Frames, named: bool, seed: int, start: int) -> Tensor:
    """One batch of `cache_keypoints`, [b, cameras, k, 3 + f] float16."""
    batch = frames.take(torch.arange(start, min(start + _CACHE_BATCH, len(frames))))
    instruction = (
        batch.instruction if named else torch.full_like(batch.instruction, NO_INSTRUCTION)
    )
    generator = step_generator(seed, _CACHE_SEED + named, start)
    agentview, wrist, _ = augment(batch, instruction, generator)
    seen = look(network, agentview, wrist, instruction)
    return torch.stack([view.tokens() for view in seen], 1).half()


def head_loss(
    network: MiniNetwork,
    cached: Tensor,
    frames: Frames,
    config: GeneralistConfig,
    generator: Generator,
) -> Tensor:
    """Flow loss of a batch of cached keypoints (see `cache_keypoints`)."""
    share = config.head_batch // config.threads
    index = torch.randint(len(frames), (share,), generator=generator)
    named = torch.rand(len(index), generator=generator) >= config.instruction_dropout
    tokens = cached[named.long(), index].float()
    noise = torch.randn(*tokens.shape[:3], 2, generator=generator)
    tokens[..., :2] += _TOKEN_NOISE * noise
    proprio = frames.proprio[index]
    proprio = proprio + PROPRIO_NOISE * torch.randn(proprio.shape, generator=generator)
    instruction = frames.instruction[index].where(named, torch.tensor(NO_INSTRUCTION))
    condition = network.condition(tokens[:, 0], tokens[:, 1], proprio, instruction)
    chunk, valid = frames.chunk[index], frames.valid[index]
    return flow_matching_loss(network.flow, condition, chunk, valid, 1, generator)
