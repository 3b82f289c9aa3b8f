# SPDX-License-Identifier: Apache-2.0
"""A toy dataset in the format of `frs collect`: a coloured square to go to, and a basket."""

import json
from pathlib import Path

import numpy as np

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.datasets import demonstrations
from frs_ros.datasets.demonstrations import Demonstration

COLOURS = {'ketchup_1': (220, 30, 30), 'orange_juice_1': (240, 150, 20), 'milk_1': (240,) * 3}
BASKET = (110, 70, 30)


def image(places: np.ndarray, size: int) -> np.ndarray:
    """Squares at places [n, 2] (u, v) on a grey table."""
    image = np.full((size, size, 3), 128, np.uint8)
    for (u, v), colour in zip(places.round().astype(int), [*COLOURS.values(), BASKET]):
        image[max(v - 4, 0) : v + 5, max(u - 4, 0) : u + 5] = colour
    return image


def make_episode(rng: np.random.Generator, init_id: int, target: str, steps: int) -> Demonstration:
    """An 'expert' whose action is the direction of its target in the agentview image."""
    names = (*COLOURS, 'basket_1')
    u, v = rng.uniform(12, 112, len(names)), rng.uniform(36, 104, len(names))
    places = np.stack([u, v], -1)
    offset = (places[names.index(target)] - [62, 70]) / 50
    actions = np.tile([*offset, 0, 0, 0, 0, -1], (steps, 1)).astype(np.float32)
    state = np.tile([0.0, 0, 1, np.pi, 0, 0, 0.04, -0.04], (steps, 1))
    state += 0.01 * rng.standard_normal(state.shape)
    frames = np.arange(rng.integers(4), steps, 4)
    wrist = places * 84 / 128
    bare = Demonstration(
        task_id=0,
        init_id=init_id,
        target=target,
        names=names,
        instruction=f'pick up the {target[:-2].replace("_", " ")} and place it in the basket',
        state=state,
        actions=actions,
        qpos=np.zeros((steps, 9)),
        frames=frames,
        pixels=np.zeros(0),
        agentview=np.zeros(0),
        agentview_offsets=np.zeros(0),
        wrist=np.zeros(0),
        wrist_offsets=np.zeros(0),
    )
    pixels = np.tile(np.stack([places, wrist]), (len(frames), 1, 1, 1)).astype(np.float32)
    jpegs = {
        'agentview': [encode_jpeg(image(places, 128))] * len(frames),
        'wrist': [encode_jpeg(image(wrist, 84))] * len(frames),
    }
    return bare.with_images(frames, pixels, jpegs)


def make_dataset(folder: Path, episodes: int = 12, steps: int = 24, seed: int = 0) -> Path:
    """Writes a dataset; every sixth episode is for validation."""
    rng = np.random.default_rng(seed)
    for number in range(episodes):
        target = ('ketchup_1', 'orange_juice_1')[number % 2]
        episode = make_episode(rng, 28 if number % 6 == 5 else number % 28, target, steps)
        demonstrations.save(episode, folder / 'episodes' / f'{number:05d}.npz')
    about = {'settings': {'suite': 'libero_object'}}
    (folder / demonstrations.DESCRIPTION).write_text(json.dumps(about))
    return folder
