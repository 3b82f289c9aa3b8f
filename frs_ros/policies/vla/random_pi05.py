# SPDX-License-Identifier: Apache-2.0
"""Random weights of pi0.5's size in the place of a checkpoint: what would it cost here?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from frs_ros.errors import ConfigError
from frs_ros.policies import images
from frs_ros.policies.vla.inputs import Inputs
from frs_ros.policies.vla.pi05_core import SHAPES, STEPS, Pi05Core, Shape, make_core, parameters_of
from frs_ros.policies.vla.settings import VlaSettings
from frs_ros.policies.vla.stack import Stack, one_line
from frs_ros.types import CameraSpec, Observation

_STATE_BINS = 256  # pi0.5 reads the state as words


def open_random(settings: VlaSettings) -> Stack:
    """Makes a core of the shape that `config` names.

    Raises:
        ConfigError: There is no such shape, more cameras than it has slots, or the device has too
            little memory.
    """
    shape = SHAPES.get(settings.config)
    if shape is None:
        raise ConfigError(
            f"{settings.path}: config is '{settings.config}'; choose one of: {', '.join(SHAPES)}"
        )
    if len(settings.cameras) > shape.images:
        raise ConfigError(
            f'{settings.path}: {settings.config} has places for {shape.images} images, '
            f'not {len(settings.cameras)}'
        )
    core = _core(settings, shape)
    inputs = Inputs(settings)
    cameras = tuple(CameraSpec(name, *[shape.image_size] * 2) for name in settings.cameras)

    def start(observation: Observation) -> object:
        return core.sample_actions(*_arguments(inputs(observation), settings, core, cameras))

    return Stack(
        name=f'random {settings.config}',
        core=core,
        start=start,
        horizon=shape.horizon,
        model_dim=shape.model_dim,
        steps=STEPS,
        cameras=cameras,
        device=settings.device,
        epsilon=0.0,
    )


def _core(settings: VlaSettings, shape: Shape) -> Pi05Core:
    dtype: torch.dtype = getattr(torch, settings.dtype)
    try:
        return make_core(shape, settings.device, dtype)
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and 'allocate' not in str(error):
            raise
        size = parameters_of(shape) * dtype.itemsize / 1e9
        raise ConfigError(
            f'{settings.path}: {settings.device} has no {size:.1f} GB for {settings.config} in '
            f'{settings.dtype}: {one_line(error)}'
        ) from error


def _arguments(
    fed: Mapping[str, Any],
    settings: VlaSettings,
    core: Pi05Core,
    cameras: tuple[CameraSpec, ...],
) -> tuple[Tensor, ...]:
    """Arguments of `Pi05Core.sample_actions` for what a stack is fed."""
    shape, device = core.shape, settings.device
    size = shape.image_size
    pixels = np.zeros((1, shape.images, 3, size, size), np.float32)
    for slot, (camera, name) in enumerate(zip(cameras, settings.cameras.values())):
        pixels[0, slot] = images.resampled(fed[name], camera).transpose(2, 0, 1) / 127.5 - 1
    there = np.arange(shape.images)[None] < len(cameras)
    words = np.zeros((1, shape.tokens), np.int64)
    said = _words(fed, settings, shape)
    words[0, : len(said)] = said
    spoken = np.arange(shape.tokens)[None] < len(said)
    arrays = (pixels, there, words, spoken)
    noise = torch.zeros(1, shape.horizon, shape.model_dim, device=device)
    return (*(torch.from_numpy(array).to(device) for array in arrays), noise)


def _words(fed: Mapping[str, Any], settings: VlaSettings, shape: Shape) -> np.ndarray:
    """Letters of the instruction, then the state in bins, as far as there are places."""
    letters = np.frombuffer(fed[settings.instruction].encode(), np.uint8)
    state = np.concatenate([fed[name] for name in settings.state])
    bins = np.clip((state + np.pi) / (2 * np.pi) * _STATE_BINS, 0, _STATE_BINS - 1)
    words = np.concatenate([letters, _STATE_BINS + bins.astype(np.int64)])
    return words[-shape.tokens :]
