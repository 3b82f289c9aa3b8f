# SPDX-License-Identifier: Apache-2.0
"""openpi's PyTorch pi0 and pi0.5; `openpi` is imported only when such a file is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.documents import read_json
from frs_ros.errors import CheckpointError, ConfigError, DependencyError
from frs_ros.policies.vla.inputs import Inputs
from frs_ros.policies.vla.rules import delta_mask
from frs_ros.policies.vla.settings import VlaSettings
from frs_ros.policies.vla.stack import Stack, one_line, without_compiled_sampler
from frs_ros.types import CameraSpec, Observation

WEIGHTS = 'model.safetensors'
EPSILON = 1e-6  # openpi, transforms.py: Normalize
IMAGE_SIZE = 224  # openpi, models/model.py: IMAGE_RESOLUTION
STEPS = 10  # openpi, PI0Pytorch.sample_actions: num_steps


def open_openpi(settings: VlaSettings) -> Stack:
    """Loads a converted checkpoint with openpi's own loader.

    Raises:
        CheckpointError: There are no PyTorch weights in the folder, or openpi refuses them.
        ConfigError: openpi has no such configuration, or transforms actions in another way.
        DependencyError: openpi is not installed.
    """
    if not (settings.checkpoint / WEIGHTS).is_file():
        raise CheckpointError(
            f'no {WEIGHTS} in {settings.checkpoint}; convert the JAX checkpoint with '
            'examples/convert_jax_model_to_pytorch.py of openpi (docs/vla.md)'
        )
    policy = _load(settings)
    core = without_compiled_sampler(policy._model)
    policy._sample_actions = core.sample_actions
    if settings.dtype == 'float32':  # the loader rounds to bfloat16
        core.paligemma_with_expert.to_bfloat16_for_selected_params('float32')
    _check_transforms(policy, settings)
    inputs = Inputs(settings)

    def start(observation: Observation) -> object:
        return policy.infer(inputs(observation))

    return Stack(
        name='openpi',
        core=core,
        start=start,
        horizon=core.config.action_horizon,
        model_dim=core.config.action_dim,
        steps=STEPS,
        cameras=tuple(CameraSpec(name, IMAGE_SIZE, IMAGE_SIZE) for name in settings.cameras),
        device=settings.device,
        epsilon=EPSILON,
    )


def _load(settings: VlaSettings) -> Any:
    try:
        from openpi.policies import policy_config
        from openpi.shared import normalize
        from openpi.training import config
    except ImportError as error:
        raise DependencyError(
            f'{settings.path} needs openpi ({one_line(error)}), of which PyPI has an empty shell: '
            'git clone --recurse-submodules https://github.com/Physical-Intelligence/openpi && '
            'cd openpi && GIT_LFS_SKIP_SMUDGE=1 uv pip install -e . (docs/vla.md)'
        ) from error
    try:
        train = config.get_config(settings.config)
    except ValueError as error:
        raise ConfigError(f"{settings.path}: config '{settings.config}': {error}") from error
    statistics = _statistics(normalize, settings.statistics)
    try:
        return policy_config.create_trained_policy(
            train,
            settings.checkpoint,
            norm_stats=statistics,
            pytorch_device=settings.device,
        )
    except Exception as error:  # whatever openpi, transformers and safetensors raise
        raise CheckpointError(
            f'openpi cannot load {settings.checkpoint}: {one_line(error)}'
        ) from error


def _statistics(normalize: Any, path: Path) -> Any:
    """From the file that our own rules are read from, so that there is one truth."""
    if not path.is_file():
        raise CheckpointError(f'no statistics at {path}: No such file')
    try:
        return normalize.deserialize_json(json.dumps(read_json(path, CheckpointError)))
    except (CheckpointError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f'{path} is not a norm_stats.json of openpi: {one_line(error)}'
        ) from error


def _check_transforms(policy: Any, settings: VlaSettings) -> None:
    """ConfigError if openpi's own output transforms are not what the file says.

    Its members are looked at by name, as far as they are there: `Unnormalize.use_quantiles` and
    `AbsoluteActions.mask`.
    """
    transforms = getattr(getattr(policy, '_output_transform', None), 'transforms', ())
    said = delta_mask(settings.action.delta, sum(abs(n) for n in settings.action.delta))
    found = np.zeros(0, bool)
    for transform in transforms:
        if hasattr(transform, 'use_quantiles'):
            kind = 'quantiles' if transform.use_quantiles else 'mean_std'
            if settings.normalisation != kind:
                raise ConfigError(
                    f'{settings.path}: normalisation.kind is {settings.normalisation}, '
                    f'but {settings.config} uses {kind}'
                )
        if type(transform).__name__ == 'AbsoluteActions' and transform.mask is not None:
            found = np.asarray(transform.mask, dtype=bool)
    if not np.array_equal(np.flatnonzero(said), np.flatnonzero(found)):
        raise ConfigError(
            f'{settings.path}: action.delta makes dimensions {np.flatnonzero(said).tolist()} '
            f'relative, but {settings.config} has {np.flatnonzero(found).tolist()}'
        )
