# SPDX-License-Identifier: Apache-2.0
"""Random weights of pi0.5's size (see also test_policy_contract.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from fake_vla import tiny_pi05

from frs_ros.cli import main
from frs_ros.errors import ConfigError
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.description import interface_of
from frs_ros.policies.identity import policy_id
from frs_ros.policies.vla import random_pi05
from frs_ros.policies.vla.pi05_core import SHAPES, make_core, parameters_of
from frs_ros.steering.kernel import field_of
from frs_ros.steering.registry import make_steerer
from frs_ros.types import Observation

EXAMPLE = Path(__file__).parents[2] / 'examples' / 'policies' / 'pi05_random.yaml'
TINY = SHAPES['tiny']


def observation(instruction='open the drawer'):
    rng = np.random.default_rng(0)
    images = {
        name: rng.integers(0, 256, (40, 64, 3), dtype=np.uint8) for name in ('agentview', 'wrist')
    }
    return Observation(images, np.linspace(-1, 1, 8), instruction)


@pytest.fixture(scope='module')
def core():
    return make_core(TINY, 'cpu', torch.float32)


@pytest.fixture
def inputs():
    """Arguments of `sample_actions`: two images, the third slot empty, twelve words."""
    generator = torch.Generator().manual_seed(0)
    size = TINY.image_size
    return {
        'images': torch.rand(1, TINY.images, 3, size, size, generator=generator) * 2 - 1,
        'image_mask': torch.tensor([[True, True, False]]),
        'words': torch.randint(TINY.vocabulary, (1, TINY.tokens), generator=generator),
        'word_mask': torch.arange(TINY.tokens)[None] < 12,
    }


@pytest.fixture
def noise():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(1, TINY.horizon, TINY.model_dim, generator=generator)


def test_it_is_as_large_as_pi05():
    assert 3.2e9 < parameters_of(SHAPES['pi05_droid']) < 3.5e9


def test_prefix_has_as_many_tokens_as_pi05():
    shape = SHAPES['pi05_droid']
    assert shape.images * shape.patches + shape.tokens == 968


def test_weights_are_the_same_each_time_and_frozen(core):
    again = make_core(TINY, 'cpu', torch.float32)
    for (name, first), second in zip(core.named_parameters(), again.parameters()):
        assert torch.equal(first, second), name
        assert not first.requires_grad
    rows = core.words.weight
    assert len(torch.unique(rows, dim=0)) == len(rows)


def test_unsteered_plans_are_the_cores_own():
    policy = tiny_pi05(dtype='float32')
    wanted = policy._stack.start(observation())  # from noise 0
    with policy.inference():
        field = field_of(policy, policy.encode(observation()))
        ours = sample(field, torch.zeros_like(wanted), uniform(10))
    assert wanted.abs().max() > 0.1
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=0)


def test_sampler_begins_at_the_noise_and_ends_after_ten_steps(core, inputs, noise, monkeypatch):
    times = []
    step = core.denoise_step

    def noted(mask, cache, x, timestep):
        times.append(timestep.item())
        return step(mask, cache, x, timestep)

    monkeypatch.setattr(core, 'denoise_step', noted)
    core.sample_actions(**inputs, noise=noise)
    np.testing.assert_allclose(times, np.arange(10, 0, -1) / 10, atol=1e-6)


@pytest.mark.parametrize(
    ('name', 'place', 'seen'),
    [
        ('images', (0, 1), True),
        ('images', (0, 2), False),
        ('words', (0, 5), True),
        ('words', (0, 40), False),
    ],
)
def test_what_is_masked_is_not_seen(core, inputs, noise, name, place, seen):
    before = core.sample_actions(**inputs, noise=noise)
    changed = {**inputs, name: inputs[name].clone()}
    changed[name][place] = 0
    difference = (core.sample_actions(**changed, noise=noise) - before).abs().max()
    assert (difference > 1e-4) == seen


def test_step_is_one_graph_without_breaks(core, inputs, noise):
    """So that it can be one CUDA graph; the compiler itself is torch's business."""
    torch.compiler.reset()
    with torch.no_grad():
        mask, cache = core.encode(**inputs)
        time = torch.tensor([0.4])
        step = torch.compile(core.denoise_step, fullgraph=True, backend='eager', dynamic=False)
        compiled = step(mask, cache, noise, time)
        torch.testing.assert_close(compiled, core.denoise_step(mask, cache, noise, time))


@pytest.mark.parametrize('dtype', ['float32', 'bfloat16'])
@pytest.mark.parametrize('method', ['base', 'frs', 'frs_fixed_point', 'sample_and_rank'])
def test_every_method_plans_with_it(method, dtype):
    wish = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='test')
    policy = tiny_pi05(dtype=dtype)
    plan = make_steerer(method).plan(policy, observation(), wish, np.random.default_rng(0))
    assert plan.chunk.shape == (TINY.horizon, policy.spec.action_dim)
    assert np.isfinite(plan.chunk).all()


def test_long_instructions_leave_the_state_its_places():
    policy = tiny_pi05(dtype='float32')
    said = policy.encode(observation('very ' * 50)).arguments['prefix_pad_masks']
    patches = TINY.images * TINY.patches
    assert said.shape == (1, patches + TINY.tokens)
    assert said[0, patches:].all()


def test_identity_is_of_the_shape():
    assert policy_id(tiny_pi05()) == policy_id(tiny_pi05(dtype='float32'))
    assert len(policy_id(tiny_pi05())) == 16


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'config': 'pi06'}, r"random.yaml: config is 'pi06'; choose one of: pi05_droid"),
        ({'cameras': dict(zip('abcd', 'efgh'))}, 'tiny has places for 3 images, not 4'),
        ({'device': 'tpu'}, "device 'tpu' cannot be used"),
    ],
)
def test_mistakes_are_one_line(changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        tiny_pi05(**changes)
    assert '\n' not in str(caught.value)


def test_too_little_memory_is_called_so(monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError('CUDA out of memory.\nTried to allocate 1 GiB.')

    monkeypatch.setattr(random_pi05, 'make_core', full)
    with pytest.raises(ConfigError, match=r'cpu has no 6\.\d GB for pi05_droid in bfloat16'):
        tiny_pi05(config='pi05_droid', dtype='bfloat16')


def test_other_faults_are_not_called_memory(monkeypatch):
    def broken(*_):
        raise RuntimeError('a kernel of another build')

    monkeypatch.setattr(random_pi05, 'make_core', broken)
    with pytest.raises(RuntimeError, match='kernel'):
        tiny_pi05()


@pytest.fixture
def example(tmp_path):
    """The example, but tiny and on the CPU."""
    path, data = tmp_path / 'tiny.yaml', yaml.safe_load(EXAMPLE.read_text())
    path.write_text(yaml.safe_dump({**data, 'config': 'tiny', 'device': 'cpu'}))
    return path


def test_graphs_with_an_arm_refuse_it(example):
    with pytest.raises(ConfigError, match="to try a cell out take 'random_droid'"):
        interface_of(str(example))


def test_bench_plan_says_what_it_measured(example, tmp_path, capsys):
    file = tmp_path / 'bench.json'
    argv = ['bench', 'plan', '--checkpoint', example, '--trials', 1, '--json', file]
    assert main([str(word) for word in argv]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == 'on cpu'
    results = json.loads(file.read_text())
    assert results['hardware'] == {'device': 'cpu'}
    said = {key: results['settings'][key] for key in ('stack', 'config', 'dtype', 'compile')}
    assert said == {'stack': 'random', 'config': 'tiny', 'dtype': 'bfloat16', 'compile': 'none'}
    assert results['plans']['frs'] == {'encodes': 1, 'velocity_evaluations': 20}
