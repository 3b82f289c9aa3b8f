# SPDX-License-Identifier: Apache-2.0
"""From a parameter file to a policy, through stand-ins for openpi's and LeRobot's loaders."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from fake_vla import H, OpenpiCore, SmolVlaCore, observed
from safetensors.torch import load_file, save_file

from frs_ros.errors import CheckpointError, ConfigError, DependencyError
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.vla.lerobot_relative import relative_dims
from frs_ros.steering.registry import make_steerer
from frs_ros.types import JOINT_POSITION, Observation

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


class AbsoluteActions:
    """openpi's output transform of this name."""

    mask = (True,) * 7 + (False,)


class OpenpiPolicy:
    """openpi's `Policy` as `create_trained_policy` makes it, its sampler compiled as a whole."""

    def __init__(self, train, folder, *, norm_stats, pytorch_device):
        self.loaded = (train, folder, norm_stats, pytorch_device)
        self._model = OpenpiCore()
        self._model.paligemma_with_expert = SimpleNamespace(
            to_bfloat16_for_selected_params=lambda dtype: vars(self).update(dtype=dtype)
        )
        self._model.sample_actions = lambda *_: pytest.fail('compiled graphs cannot be stopped')
        self._sample_actions = self._model.sample_actions
        unnormalise = SimpleNamespace(use_quantiles=True)
        self._output_transform = SimpleNamespace(transforms=[unnormalise, AbsoluteActions()])

    def infer(self, fed, noise=None):
        return self._sample_actions('cpu', observed(fed), noise=noise)


@pytest.fixture
def openpi(monkeypatch):
    """A stand-in for the library; what it has made is in `made`."""
    made = []

    def get_config(name):
        if name != 'pi05_droid':
            raise ValueError(f"Config '{name}' not found.")
        return SimpleNamespace(name=name)

    def create_trained_policy(*args, **kwargs):
        made.append(OpenpiPolicy(*args, **kwargs))
        return made[-1]

    module(monkeypatch, 'openpi.training.config', get_config=get_config)
    module(monkeypatch, 'openpi.shared.normalize', deserialize_json=json.loads)
    policy_config = 'openpi.policies.policy_config'
    module(monkeypatch, policy_config, create_trained_policy=create_trained_policy)
    return made


def trained():
    """Weights that no `LerobotPolicy` has by itself."""
    weights = LerobotPolicy(None).state_dict()
    return {name: 1.5 * tensor + 0.01 for name, tensor in weights.items()}


@pytest.fixture
def write(tmp_path):
    """Writes a policy file for a folder with weights and statistics of actions."""

    def written(**changes):
        folder = tmp_path / 'weights'
        folder.mkdir(exist_ok=True)
        if not (folder / 'model.safetensors').exists():
            save_file(trained(), folder / 'model.safetensors')
        (folder / 'config.json').touch()
        (folder / 'stats.json').write_text(json.dumps({'norm_stats': {'actions': QUANTILES}}))
        data = {
            'stack': 'openpi',
            'checkpoint': 'weights',
            'config': 'pi05_droid',
            'cameras': CAMERAS,
            'state': {'observation/state': 8},
            'instruction': {'input': 'prompt'},
            'action': {
                'space': JOINT_POSITION,
                'control_hz': 15,
                'execute_steps': 8,
                'delta': [7, -1],
            },
            'normalisation': {'kind': 'quantiles', 'file': 'stats.json'},
            'device': 'cpu',
            **changes,
        }
        path = tmp_path / 'policy.yaml'
        data = {key: value for key, value in data.items() if value is not None}
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return path

    return written


def test_openpi(openpi, write):
    policy = load_policy(write())
    assert openpi[0].loaded[0].name == 'pi05_droid'
    assert openpi[0].loaded[2]['norm_stats']['actions'] == QUANTILES
    spec = policy.spec
    assert (spec.horizon, spec.action_dim, spec.model_dim, spec.steps) == (H, 8, 32, 10)
    assert (spec.space, spec.control_hz, spec.execute_steps) == (JOINT_POSITION, 15.0, 8)
    assert spec.units == ('rad',) * 7 + ('1',)
    assert [(c.name, c.height, c.width) for c in policy.cameras] == [
        ('agentview', 224, 224),
        ('wrist', 224, 224),
    ]
    plan = make_steerer('base').plan(policy, observation(), None, np.random.default_rng(0))
    z = np.random.default_rng(0).standard_normal((H, 32), dtype=np.float32)
    fed = {
        'observation/image': observation().images['agentview'],
        'observation/wrist_image': observation().images['wrist'],
        'observation/state': STATE.astype(np.float32),
        'prompt': 'open the drawer',
    }
    own = openpi[0].infer(fed, torch.from_numpy(z)[None])[0, :, :8].numpy().astype(np.float64)
    # openpi, Unnormalize and then AbsoluteActions
    wanted = (own + 1) / 2 * (0.7 + 0.5 + 1e-6) - 0.5 + np.append(STATE[:7], 0.0)
    np.testing.assert_allclose(plan.chunk, wanted, atol=1e-5)


def test_openpi_in_float32(openpi, write):
    load_policy(write(dtype='float32'))
    assert openpi[0].dtype == 'float32'


@pytest.mark.parametrize(
    ('changes', 'error', 'message'),
    [
        ({'config': 'pi06'}, ConfigError, "config 'pi06': Config 'pi06' not found"),
        ({'checkpoint': 'none'}, CheckpointError, 'no model.safetensors in .*none; convert'),
        (
            {'normalisation': {'kind': 'mean_std', 'file': 'stats.json'}},
            ConfigError,
            'kind is mean_std, but pi05_droid uses quantiles',
        ),
        (
            {'normalisation': {'kind': 'quantiles', 'file': 'none.json'}},
            CheckpointError,
            'no statistics at .*none.json',
        ),
        (
            {'normalisation': {'kind': 'quantiles', 'file': 'model.safetensors'}},
            CheckpointError,
            'not a norm_stats.json',
        ),
        (
            {'action': {'space': JOINT_POSITION, 'control_hz': 15, 'execute_steps': 8}},
            ConfigError,
            r'action.delta makes dimensions \[\] relative, but pi05_droid has \[0, 1, 2, 3, 4, 5',
        ),
        (
            {
                'action': {
                    'space': JOINT_POSITION,
                    'control_hz': 15,
                    'execute_steps': 11,
                    'delta': [7],
                }
            },
            ConfigError,
            'execute_steps is 11, but chunks of openpi are 10 x 32',
        ),
        ({'state': {'observation/state': 7}}, ConfigError, 'delta needs a state that begins'),
        ({'device': 'abacus'}, ConfigError, "device 'abacus' cannot be used .*try cpu"),
    ],
)
def test_openpi_mistakes(openpi, write, changes, error, message):
    with pytest.raises(error, match=message) as caught:
        load_policy(write(**changes))
    assert '\n' not in str(caught.value)


def test_refusal_of_the_loader_is_one_line(openpi, write, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError('size mismatch for action_in_proj.weight:\n  copying a param')

    monkeypatch.setattr(
        sys.modules['openpi.policies.policy_config'], 'create_trained_policy', refuse
    )
    with pytest.raises(CheckpointError, match=r'openpi cannot load .*Error: size mis') as caught:
        load_policy(write())
    assert '\n' not in str(caught.value)


def test_missing_libraries_are_named_with_the_mend(write, monkeypatch):
    for name in ('openpi', 'lerobot'):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(DependencyError, match=r'needs openpi.*pip install'):
        load_policy(write())
    with pytest.raises(DependencyError, match=r'needs LeRobot.*pip install'):
        load_policy(write(stack='lerobot', config=None))


@pytest.mark.parametrize('mode', ['default', 'reduce-overhead'])
def test_the_step_is_compiled_if_asked_for(openpi, write, monkeypatch, mode):
    compiled = []

    def stand_in(step, *, mode):
        compiled.append((step.__name__, mode))
        return step

    monkeypatch.setattr(torch, 'compile', stand_in)
    policy = load_policy(write(compile=mode))
    assert compiled == [('denoise_step', mode)]
    assert policy.encode(observation()).batch == 1


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
