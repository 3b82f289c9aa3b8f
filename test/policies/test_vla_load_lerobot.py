# SPDX-License-Identifier: Apache-2.0
"""From a parameter file to a policy, through a stand-in for LeRobot's loaders."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_vla import H, observed
from safetensors.torch import load_file, save_file
from vla_loading import CAMERAS, STATE, LerobotPolicy, module, observation

from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.vla.lerobot_relative import relative_dims
from frs_ros.steering.registry import make_steerer


def lerobot_config(**changes):
    mode = SimpleNamespace(value='MEAN_STD')
    image = SimpleNamespace(shape=(3, 96, 128))
    values = {
        'type': 'smolvla',
        'normalization_mapping': {'ACTION': mode},
        'image_features': {name: image for name in CAMERAS.values()},
        'input_features': {'observation/state': SimpleNamespace(shape=(8,))},
        'output_features': {'action': SimpleNamespace(shape=(7,))},
        'chunk_size': H,
        'max_action_dim': 32,
        'num_steps': 10,
        'load_vlm_weights': True,
        'compile_model': True,
        'vlm_model_name': 'a hub',
        'device': None,
        **changes,
    }
    return SimpleNamespace(**values)


def load(policy, path):
    """As LeRobot's SmolVLA: what is missing or strange is no fault."""
    policy.load_state_dict(load_file(path), strict=False)


def load_or_print(policy, path):
    """As LeRobot's pi0 and pi0.5."""
    try:
        policy.load_state_dict(load_file(path))
    except Exception as error:
        print(f'Warning: Could not load state dict: {error}')


@pytest.fixture
def lerobot(monkeypatch):
    """A stand-in for the library; its configuration and what it was told."""
    told = SimpleNamespace(
        config=lerobot_config(), overrides=None, policy=None, load=load, steps=None
    )

    def from_pretrained(folder, config):
        told.policy = LerobotPolicy(config)
        told.load(told.policy, folder / 'model.safetensors')
        return told.policy

    def make_pre_post_processors(config, folder, preprocessor_overrides):
        told.overrides = preprocessor_overrides

        def batched(fed):
            return {k: v[None] if isinstance(v, torch.Tensor) else v for k, v in fed.items()}

        if told.steps is not None:
            batched.steps = told.steps
        return batched, None

    class PreTrainedConfig:
        @staticmethod
        def from_pretrained(folder):
            return told.config

    module(monkeypatch, 'lerobot.configs.policies', PreTrainedConfig=PreTrainedConfig)
    module(
        monkeypatch,
        'lerobot.policies.factory',
        get_policy_class=lambda name: SimpleNamespace(from_pretrained=from_pretrained),
        make_pre_post_processors=make_pre_post_processors,
    )
    return told


LEROBOT = {
    'stack': 'lerobot',
    'config': None,
    'action': {'space': 'cartesian_delta', 'control_hz': 20, 'execute_steps': 5},
    'normalisation': {'kind': 'mean_std', 'file': 'stats.json'},
    'tokenizer': 'words',
}


def test_lerobot(lerobot, write):
    policy = load_policy(write(**LEROBOT))
    config = lerobot.config
    assert (config.device, config.load_vlm_weights, config.compile_model) == ('cpu', False, False)
    assert config.vlm_model_name == 'words'
    assert lerobot.overrides['tokenizer_processor'] == {'tokenizer_name': 'words'}
    assert lerobot.policy.model.vlm_with_expert.weight.dtype == torch.bfloat16
    assert [(c.height, c.width) for c in policy.cameras] == [(96, 128)] * 2
    assert policy.spec.names[:3] == ('x', 'y', 'z')
    z = np.random.default_rng(0).standard_normal((H, 32), dtype=np.float32)
    plan = make_steerer('base').plan(policy, observation(), None, np.random.default_rng(0))
    fed = {
        'observation/image': observation().images['agentview'],
        'observation/wrist_image': observation().images['wrist'],
        'observation/state': STATE.astype(np.float32),
        'prompt': 'open the drawer',
    }
    core = lerobot.policy.model
    own = core.sample_actions('cpu', observed(fed), noise=torch.from_numpy(z)[None])
    wanted = own[0, :, :7].numpy().astype(np.float64) * 0.6 + 0.1
    np.testing.assert_allclose(plan.chunk, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ('config', 'changes', 'error', 'message'),
    [
        ({'type': 'act'}, {}, ConfigError, "is a 'act'; .* pi0, pi05, smolvla"),
        (
            {'normalization_mapping': {'ACTION': SimpleNamespace(value='QUANTILES')}},
            {},
            ConfigError,
            'kind is mean_std, but the checkpoint uses quantiles',
        ),
        (
            {},
            {'cameras': {'agentview': 'observation.images.top'}},
            ConfigError,
            "no image input 'observation.images.top'; its inputs are: observation/image",
        ),
        (
            {'output_features': {'action': SimpleNamespace(shape=(14,))}},
            {},
            ConfigError,
            r'means 7 numbers; in the checkpoint action is \[14\]',
        ),
        (
            {},
            {'state': {'observation.state': 8}},
            ConfigError,
            "means 8 numbers; in the checkpoint there is no 'observation.state'",
        ),
        ({}, {'checkpoint': 'none'}, CheckpointError, 'no config.json in .*none'),
    ],
)
def test_lerobot_mistakes(lerobot, write, config, changes, error, message):
    lerobot.config = lerobot_config(**config)
    with pytest.raises(error, match=message) as caught:
        load_policy(write(**{**LEROBOT, **changes}))
    assert '\n' not in str(caught.value)


RELATIVE = {
    'use_relative_actions': True,
    'relative_exclude_joints': ['gripper'],
    'action_feature_names': ['x', 'y', 'z', 'roll', 'pitch', 'yaw', 'Gripper.pos'],
}


def relative_step(enabled=True, names=RELATIVE['action_feature_names']):
    return SimpleNamespace(enabled=enabled, exclude_joints=['gripper'], action_names=names)


def with_delta(delta):
    return {**LEROBOT, 'action': {**LEROBOT['action'], 'delta': delta}}


@pytest.mark.parametrize(
    ('config', 'steps', 'delta'),
    [
        ({}, None, []),
        ({'use_relative_actions': False}, [relative_step(enabled=False)], []),
        (RELATIVE, None, [6, -1]),
        (RELATIVE, [SimpleNamespace(), relative_step()], [6, -1]),
        ({**RELATIVE, 'action_feature_names': None}, [relative_step(names=None)], [7]),
        ({**RELATIVE, 'relative_exclude_joints': []}, None, [7]),
    ],
)
def test_relative_actions_of_lerobot(lerobot, write, config, steps, delta):
    lerobot.config, lerobot.steps = lerobot_config(**config), steps
    policy = load_policy(write(**with_delta(delta)))
    relative = np.flatnonzero(policy._rules.relative).tolist()
    assert relative == list(range(max([0, *delta])))


@pytest.mark.parametrize(
    ('config', 'steps', 'delta', 'message'),
    [
        ({}, None, [6, -1], r'relative, but the checkpoint has \[\]'),
        (RELATIVE, None, [], r'action.delta makes dimensions \[\] .* has \[0, 1, 2, 3, 4, 5\]'),
        (RELATIVE, [relative_step()], [7], r'\[0, 1, 2, 3, 4, 5, 6\] relative, but .* 4, 5\]'),
        (RELATIVE, None, [6, -1, 1], r'\[0, 1, 2, 3, 4, 5, 7\] relative'),
        (RELATIVE, [], [6, -1], r'config.json .* 5\] relative, .*policy_preprocessor.json \[\]'),
        ({}, [relative_step()], [], r'config.json .* \[\] relative, .*json \[0, 1, 2, 3, 4, 5\]'),
    ],
)
def test_other_relative_actions_are_refused(lerobot, write, config, steps, delta, message):
    lerobot.config, lerobot.steps = lerobot_config(**config), steps
    with pytest.raises(ConfigError, match=message) as caught:
        load_policy(write(**with_delta(delta)))
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('excluded', 'names', 'absolute'),
    [
        (['gripper'], ['a', 'left_GRIPPER.pos', 'b'], {1}),
        (['Wrist', ''], ['wrist_1', 'x', 'wrist_2', 'grip'], {0, 2}),
        (['gripper'], ['gripper'], {0}),  # the others have no name
        (['gripper'], None, set()),
        (None, ['gripper'], set()),
        ([], ['gripper'], set()),
        (['x'], ['a', 'b', 'c', 'x'], set()),  # beyond the actions
    ],
)
def test_which_dimensions_lerobot_makes_relative(excluded, names, absolute):
    assert relative_dims(3, excluded, names) == [i for i in range(3) if i not in absolute]


def damaged(path):
    path.write_bytes(path.read_bytes()[:1000])


def of_another_model(path):
    save_file({'model.other.weight': torch.ones(2)}, path)


@pytest.mark.parametrize('loader', [load, load_or_print])
@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (damaged, r'cannot load|model.safetensors is truncated'),
        (of_another_model, 'has not loaded .*tensors are not in the file, such as keys.0.bias'),
        (lambda path: path.unlink(), 'no model.safetensors in .*download or copy'),
        (
            lambda path: (path.parent / 'adapter_config.json').touch(),
            r'weights is an adapter .* merge it into its base',
        ),
    ],
)
def test_weights_that_lerobot_does_not_load_are_refused(lerobot, write, loader, spoil, message):
    path, lerobot.load = write(**LEROBOT), loader
    load_policy(path)
    spoil(path.parent / 'weights' / 'model.safetensors')
    with pytest.raises(CheckpointError, match=message) as caught:
        load_policy(path)
    assert '\n' not in str(caught.value)


def test_loaders_that_go_on_with_random_weights_are_found_out(lerobot, write):
    lerobot.load = lambda *_: None
    with pytest.raises(CheckpointError, match=r'has not loaded .*other numbers .* random weights'):
        load_policy(write(**LEROBOT))


def test_a_policy_with_an_adapter_is_refused(lerobot, write):
    lerobot.config = lerobot_config(use_peft=True)
    with pytest.raises(CheckpointError, match=r'is an adapter .*remove .*use_peft'):
        load_policy(write(**LEROBOT))
