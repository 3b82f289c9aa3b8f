# SPDX-License-Identifier: Apache-2.0
"""Catching what a sampler hands to its step, and leaving the core as it was."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch

from frs_ros.errors import CheckpointError
from frs_ros.policies.vla.capture import capture, step_of
from frs_ros.policies.vla.context import CapturedContext, tensors


class Core:
    """Samples with what it is told to hand over."""

    def __init__(self, *args, **kwargs):
        self.handed = (args, kwargs)
        self.steps = 0

    def sample(self):
        args, kwargs = self.handed
        return self.denoise_step(*args, **kwargs)

    def denoise_step(self, prefix, x_t, timestep, extra=None):
        self.steps += 1
        return x_t


def restored(core):
    return 'denoise_step' not in vars(core) and core.denoise_step.__func__ is Core.denoise_step


@pytest.mark.parametrize(
    'core', [Core('p', 1, 2), Core('p', timestep=2, x_t=1), Core(prefix='p', x_t=1, timestep=2)]
)
def test_arguments_are_named_however_they_are_passed(core):
    assert capture(core, core.sample) == {'prefix': 'p', 'x_t': 1, 'timestep': 2}
    assert core.steps == 0
    assert restored(core)


def test_handlers_of_the_stack_do_not_take_it_for_a_fault():
    core, caught = Core('p', 1, 2), []

    def start():
        try:
            core.sample()
        except Exception as error:
            caught.append(error)
        core.steps += 100  # an unwound sampler does not come here

    assert capture(core, start)['x_t'] == 1
    assert not caught
    assert core.steps == 0


def test_the_stacks_own_error_comes_out_and_the_method_is_back():
    core = Core('p', 1, 2)

    def start():
        raise KeyError('observation/image')

    with pytest.raises(KeyError, match='observation/image'):
        capture(core, start)
    assert restored(core)
    assert capture(core, core.sample)['prefix'] == 'p'  # the lock is free again


def test_wrong_arguments_are_the_stacks_error():
    core = Core('p', 1)  # no timestep
    with pytest.raises(TypeError, match='timestep'):
        capture(core, core.sample)
    assert restored(core)


def test_sampling_that_never_steps_is_told():
    core = Core()
    with pytest.raises(CheckpointError, match='Core never reached its denoise_step'):
        capture(core, lambda: None)
    assert restored(core)


def test_what_stood_before_the_method_comes_back():
    core = Core('p', 1, 2)
    core.denoise_step = mine = lambda prefix, x_t, timestep: x_t
    assert capture(core, core.sample)['prefix'] == 'p'
    assert core.denoise_step is mine


def test_captures_can_be_nested():
    core = Core('p', 1, 2)

    def start():
        assert capture(core, core.sample)['prefix'] == 'p'
        core.sample()

    assert capture(core, start)['x_t'] == 1
    assert restored(core)


def test_steps_of_other_threads_go_through():
    core, answers = Core('p', 1, 2), []

    def start():
        other = threading.Thread(target=lambda: answers.append(core.sample()))
        other.start()
        other.join()
        core.sample()

    assert capture(core, start)['x_t'] == 1
    assert answers == [1]
    assert core.steps == 1


class Other:
    """A policy of another lineage."""


def test_other_things_are_refused():
    core = Other()
    with pytest.raises(CheckpointError, match='Other has no method denoise_step'):
        step_of(core)
    core.denoise_step = lambda x, time: x
    with pytest.raises(CheckpointError, match='lacks x_t and timestep'):
        step_of(core)


def context(**arguments):
    return CapturedContext(arguments, 1)


def test_batches_share_memory():
    cache = {0: {'keys': torch.ones(1, 3, 2)}, 1: [torch.zeros(1, 3, 2)]}
    wide = context(cache=cache, mask=torch.ones(1, 3), scale=torch.tensor(2.0), use=True).expand(4)
    for tensor in tensors(wide.arguments['cache']):
        assert tensor.shape == (4, 3, 2)
        assert tensor.stride(0) == 0
    assert wide.arguments['mask'].shape == (4, 3)
    assert wide.arguments['scale'].ndim == 0
    assert wide.arguments['use'] is True
    assert wide.expand(4) is wide
    assert cache[0]['keys'].shape == (1, 3, 2)
    with pytest.raises(CheckpointError, match='batch 4'):
        wide.expand(5)


def test_unknown_caches_are_refused():
    with pytest.raises(CheckpointError, match='caches its prefix in a SimpleNamespace'):
        context(cache=SimpleNamespace(secret=torch.ones(1, 2)))


def grown(layers):
    layers[0].keys = torch.cat([layers[0].keys] * 2, 1)


@pytest.mark.parametrize(
    'spoil',
    [lambda layers: layers[0].keys.add_(1), grown, lambda layers: layers.append(layers[0])],
    ids=['written', 'grown', 'added'],
)
def test_a_changed_cache_is_noticed(spoil):
    layer = SimpleNamespace(keys=torch.ones(1, 3, 2), values=torch.ones(1, 3, 2))
    held = context(cache=SimpleNamespace(layers=[layer]))
    held.check()
    spoil(held.arguments['cache'].layers)
    with pytest.raises(CheckpointError, match='changed its cached prefix'):
        held.check()


def test_prefixes_made_in_inference_mode_can_be_differentiated_past():
    with torch.inference_mode():
        prefix = torch.ones(1, 3)
    x = torch.ones(1, 3, requires_grad=True)
    (x * context(prefix=prefix).arguments['prefix']).sum().backward()
    assert x.grad is not None
