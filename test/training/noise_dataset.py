# SPDX-License-Identifier: Apache-2.0
"""A made-up dataset of noise labels: what is seen decides about the noise."""

from __future__ import annotations

import numpy as np

from frs_ros.datasets.distillation import (
    DistillationDataset,
    DistillationEpisode,
    DistillationInfo,
    PolicyInfo,
)

SIZE = 84
TASK = 'pick up the milk and place it in the basket'


def make_policy_info(
    policy_id='0123456789abcdef', horizon=10, action_dim=7, model_dim=7, space='cartesian_delta'
):
    rate = 20.0 if space == 'cartesian_delta' else 15.0
    return PolicyInfo(policy_id, horizon, action_dim, model_dim, space, rate)


def make_episode(rng, policy, cameras, rows, name='e0', outcome='success', task=TASK, size=SIZE):
    """A bright square stands where the first two dimensions of the noise say."""
    place = rng.uniform(-1, 1, (rows, 2))
    images = {c: rng.integers(0, 60, (rows, size, size, 3)).astype(np.uint8) for c in cameras}
    pixels = ((place + 1) / 2 * (size - 12)).astype(int)
    for frames in images.values():
        for frame, (v, u) in zip(frames, pixels, strict=True):
            frame[v : v + 12, u : u + 12] = 255
    noise = np.zeros((rows, policy.horizon, policy.model_dim), np.float32)
    noise += 0.1 * rng.standard_normal(noise.shape, dtype=np.float32)
    noise[..., :2] += 2 * place[:, None]
    state = np.concatenate([place, np.full((rows, 6), 0.5)], 1)
    return DistillationEpisode(
        id=name,
        instruction=task,
        outcome=outcome,
        seed=0,
        source='made',
        images=images,
        state=state,
        noise=noise,
        actions=noise[..., : policy.action_dim].astype(np.float64) / 4,
        executed=np.full(rows, 5),
        stamp_ns=np.arange(rows) * 10**8,
        method=np.full(rows, 'frs'),
        steered=np.arange(rows) % 3 > 0,
    )


def make_dataset(
    episodes=3,
    rows=8,
    cameras=('agentview', 'wrist'),
    seed=0,
    outcomes=(),
    tasks=(TASK,),
    size=SIZE,
    **policy,
):
    rng, about = np.random.default_rng(seed), make_policy_info(**policy)
    made = tuple(
        make_episode(
            rng,
            about,
            cameras,
            rows,
            f'e{i}',
            outcomes[i] if outcomes else 'success',
            tasks[i % len(tasks)],
            size,
        )
        for i in range(episodes)
    )
    return DistillationDataset(DistillationInfo(about, tuple(cameras), size, 8), made)
