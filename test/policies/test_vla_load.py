# SPDX-License-Identifier: Apache-2.0
"""From a parameter file to a policy, through a stand-in for openpi's loader."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fake_vla import H, OpenpiCore, observed
from vla_loading import QUANTILES, STATE, module, observation

from frs_ros.errors import CheckpointError, ConfigError, DependencyError
from frs_ros.policies.checkpoint import load_policy
from frs_ros.steering.registry import make_steerer
from frs_ros.types import JOINT_POSITION


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

    def stand_in(step, *, mode, dynamic):
        compiled.append((step.__name__, mode, dynamic))
        return step

    monkeypatch.setattr(torch, 'compile', stand_in)
    policy = load_policy(write(compile=mode))
    assert compiled == [('denoise_step', mode, False)]
    assert policy.encode(observation()).batch == 1


def test_a_compiler_that_fails_is_named(openpi, write, monkeypatch):
    """Errors of the step itself go through."""
    wrong = type('InductorError', (Exception,), {'__module__': 'torch._inductor.exc'})

    def stand_in(step, **_):
        def fail(*_, **__):
            raise errors.pop()

        return fail

    errors = [ValueError('of the step'), wrong('no\ncompiler')]
    monkeypatch.setattr(torch, 'compile', stand_in)
    policy = load_policy(write(compile='default'))
    context = policy.encode(observation())
    x = policy.asarray(np.zeros((1, policy.spec.horizon, policy.spec.model_dim)))
    with pytest.raises(ConfigError, match=r"'compile: none': InductorError: no compiler"):
        policy.velocity(x, policy.asarray(np.zeros(1)), context)
    with pytest.raises(ValueError, match='of the step'):
        policy.velocity(x, policy.asarray(np.zeros(1)), context)
