# SPDX-License-Identifier: Apache-2.0
"""What of a checkpoint must be in a policy, and what LeRobot's loaders may do with names."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from frs_ros.errors import CheckpointError
from frs_ros.policies.vla.lerobot_weights import SMALL, check_loaded

EMBEDDING = 'model.paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight'
HEAD = 'model.paligemma_with_expert.paligemma.lm_head.weight'


def weights():
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator)

    return {
        EMBEDDING: draw(6, 4),
        HEAD: draw(6, 4),
        'model.action_out_proj.weight': draw(3, 4),
        'model.action_out_proj.bias': torch.zeros(3),
        'model.large.weight': draw(2, SMALL),
    }


@pytest.fixture
def check(tmp_path):
    """Compares the weights of a policy with those in a file."""

    def checked(own, saved):
        save_file(saved, tmp_path / 'model.safetensors')
        check_loaded(own, tmp_path)

    return checked


def refused(check, own, saved, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        check(own, saved)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('prefix', ['model.', ''])
def test_the_same_weights_are_good_with_and_without_a_prefix(check, prefix):
    check(weights(), {prefix + k.removeprefix('model.'): v for k, v in weights().items()})


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float64])
def test_they_may_be_rounded(check, dtype):
    rounded = {k: v.to(dtype) for k, v in weights().items()}
    check(rounded, weights())
    check(weights(), rounded)


def test_a_file_may_have_one_name_of_what_shares_memory(check):
    own = weights()
    own['model.head.weight'] = own['model.action_out_proj.weight']
    check(own, weights())


def test_an_embedding_may_be_a_copy_of_the_head(check):
    """As the loader of pi0.5 makes it; in older releases it stays random."""
    saved = {k: v for k, v in weights().items() if k != EMBEDDING}
    check({**weights(), EMBEDDING: saved[HEAD].clone()}, saved)
    refused(check, weights(), saved, '1 of 5 tensors are not in the file, such as .*embed_tokens')


def test_the_head_for_words_may_be_missing_on_either_side(check):
    less = {k: v for k, v in weights().items() if k != HEAD}
    check(weights(), less)
    check(less, weights())


def test_what_the_loader_of_pi05_skips_may_be_in_the_file(check):
    check(weights(), {**weights(), 'state_proj.bias': torch.ones(2)})
    own = {**weights(), 'model.state_proj.bias': torch.ones(2)}
    refused(check, own, weights(), 'not in the file, such as state_proj.bias')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'model.action_out_proj.weight': torch.ones(3, 4)}, 'action_out_proj.weight has other'),
        ({'model.action_out_proj.bias': torch.full((3,), 1e-3)}, 'action_out_proj.bias has other'),
        ({'model.large.weight': torch.zeros(2, 3)}, r'is \[2, 65536\] in the model and \[2, 3\]'),
        ({'model.layers.31.weight': torch.ones(1)}, 'the model has no layers.31.weight'),
    ],
)
def test_other_weights_are_refused(check, change, message):
    refused(check, weights(), {**weights(), **change}, f'has not loaded .*{message}')


def test_a_missing_tensor_is_refused(check):
    saved = {k: v for k, v in weights().items() if 'action' not in k}
    refused(check, weights(), saved, '2 of 5 tensors are not in the file, such as action_out_proj')


@pytest.mark.parametrize('content', [b'', b'version https://git-lfs.github.com/spec/v1'])
def test_what_is_no_safetensors_file_is_refused(tmp_path, content):
    (tmp_path / 'model.safetensors').write_bytes(content)
    with pytest.raises(CheckpointError, match='truncated or not a safetensors file'):
        check_loaded(weights(), tmp_path)
