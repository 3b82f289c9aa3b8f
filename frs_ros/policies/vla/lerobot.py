# SPDX-License-Identifier: Apache-2.0
"""LeRobot's pi0, pi0.5 and SmolVLA; `lerobot` is imported only when such a file is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from frs_ros.errors import CheckpointError, ConfigError, DependencyError, FrsError
from frs_ros.policies.vla.inputs import Inputs
from frs_ros.policies.vla.lerobot_relative import check_relative
from frs_ros.policies.vla.lerobot_weights import adapter_error, check_files, check_loaded
from frs_ros.policies.vla.settings import VlaSettings, action_dim
from frs_ros.policies.vla.stack import Stack, one_line, without_compiled_sampler
from frs_ros.types import CameraSpec, Observation

CONFIG = 'config.json'
EPSILON = 1e-8  # LeRobot, NormalizerProcessorStep.eps
POLICIES = ('pi0', 'pi05', 'smolvla')


def open_lerobot(settings: VlaSettings) -> Stack:
    """Loads a checkpoint folder with LeRobot's own loader and preprocessor.

    Raises:
        CheckpointError: It is not such a folder, or LeRobot refuses it or has not loaded it.
        ConfigError: The checkpoint is of another kind, or has other inputs than the file says.
        DependencyError: LeRobot is not installed.
    """
    if not (settings.checkpoint / CONFIG).is_file():
        raise CheckpointError(f'no {CONFIG} in {settings.checkpoint}: not a folder of LeRobot')
    check_files(settings.checkpoint)
    policy, preprocess = _load(settings)
    config, inputs = policy.config, Inputs(settings)
    _check_shapes(settings, config)
    check_relative(settings, config, preprocess)

    def start(observation: Observation) -> object:
        fed = {name: _fed(value) for name, value in inputs(observation).items()}
        return policy.predict_action_chunk(preprocess(fed))

    return Stack(
        name=f'LeRobot {config.type}',
        core=without_compiled_sampler(policy.model),
        start=start,
        horizon=config.chunk_size,
        model_dim=config.max_action_dim,
        steps=getattr(config, 'num_inference_steps', None) or config.num_steps,
        cameras=_cameras(settings, config),
        device=settings.device,
        epsilon=EPSILON,
    )


def _fed(value: Any) -> Any:
    """Images [h, w, 3] uint8 as [3, h, w] in [0, 1], numbers as tensors, text as it is."""
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 3:
        return torch.from_numpy(value.astype(np.float32) / 255).permute(2, 0, 1)
    return torch.from_numpy(value.copy())


def _load(settings: VlaSettings) -> tuple[Any, Any]:
    try:
        from lerobot.configs.policies import PreTrainedConfig
        from lerobot.policies.factory import get_policy_class, make_pre_post_processors
    except (ImportError, RuntimeError) as error:  # a torchvision of another build: RuntimeError
        raise DependencyError(
            f'{settings.path} needs LeRobot ({one_line(error)}); pip install "lerobot[smolvla]" '
            'or "lerobot[pi]", release 0.5 or later for pi0 and pi0.5 (docs/vla.md)'
        ) from error
    try:
        config = PreTrainedConfig.from_pretrained(settings.checkpoint)
        _adapt(config, settings)
        policy = get_policy_class(config.type).from_pretrained(settings.checkpoint, config=config)
        check_loaded(policy.state_dict(), settings.checkpoint)
        overrides: dict[str, Any] = {'device_processor': {'device': settings.device}}
        if settings.tokenizer:
            overrides['tokenizer_processor'] = {'tokenizer_name': settings.tokenizer}
        preprocess, _ = make_pre_post_processors(
            config, str(settings.checkpoint), preprocessor_overrides=overrides
        )
    except FrsError:
        raise
    except Exception as error:  # whatever LeRobot, transformers, draccus and safetensors raise
        raise CheckpointError(
            f'LeRobot cannot load {settings.checkpoint}: {one_line(error)}'
        ) from error
    if hasattr(policy.model, 'vlm_with_expert'):  # SmolVLA has no option for it
        policy.model.vlm_with_expert.to(getattr(torch, settings.dtype))
    return policy, preprocess


def _adapt(config: Any, settings: VlaSettings) -> None:
    """Writes what the file decides into the checkpoint's configuration, and checks the rest."""
    if config.type not in POLICIES:
        raise ConfigError(
            f"{settings.path}: the checkpoint is a '{config.type}'; LeRobot's policies of this "
            f'lineage are: {", ".join(POLICIES)}'
        )
    if getattr(config, 'use_peft', False):
        raise adapter_error(settings.checkpoint)
    modes = {str(k): getattr(v, 'value', v) for k, v in config.normalization_mapping.items()}
    mode = str(modes.get('ACTION', 'IDENTITY')).lower().replace('identity', 'none')
    if mode != settings.normalisation:
        raise ConfigError(
            f'{settings.path}: normalisation.kind is {settings.normalisation}, but the checkpoint '
            f'uses {mode}'
        )
    config.device = settings.device
    config.compile_model = False  # the whole sampler; ours compiles the step
    if hasattr(config, 'dtype'):
        config.dtype = settings.dtype
    if hasattr(config, 'load_vlm_weights'):
        config.load_vlm_weights = False  # they are in the checkpoint
    if settings.tokenizer and hasattr(config, 'vlm_model_name'):
        config.vlm_model_name = settings.tokenizer


def _check_shapes(settings: VlaSettings, config: Any) -> None:
    """ConfigError if state or actions have other lengths: LeRobot pads, and would not notice."""
    wanted = {'action': action_dim(settings.action.space), **settings.state}
    features = {**config.input_features, **config.output_features}
    for name, length in wanted.items():
        shape = tuple(features[name].shape) if name in features else None
        if shape != (length,):
            has = f'{name} is {list(shape)}' if shape else f"there is no '{name}'"
            raise ConfigError(f'{settings.path} means {length} numbers; in the checkpoint {has}')


def _cameras(settings: VlaSettings, config: Any) -> tuple[CameraSpec, ...]:
    """Our cameras in the sizes of the checkpoint's inputs."""
    features = config.image_features
    for name in settings.cameras.values():
        if name not in features:
            raise ConfigError(
                f"{settings.path}: the checkpoint has no image input '{name}'; its inputs are: "
                f'{", ".join(features)}'
            )
    return tuple(
        CameraSpec(camera, *map(int, features[name].shape[-2:]))
        for camera, name in settings.cameras.items()
    )
