# SPDX-License-Identifier: Apache-2.0
"""Which policy a noise belongs to."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from frs_ros.evaluation.adjusted import adjusted
from frs_ros.policies.checkpoint import load_policy, save_policy
from frs_ros.policies.identity import UNKNOWN, fingerprint, of_folder, policy_id
from frs_ros.policies.mini import MiniPolicy, random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy


def test_it_is_16_hex_digits_and_stays():
    first, again = policy_id(random_policy(3)), policy_id(random_policy(3))
    assert re.fullmatch('[0-9a-f]{16}', first)
    assert first == again


def test_a_policy_keeps_it_through_its_file(tmp_path):
    policy = random_policy(1)
    path = save_policy(policy, tmp_path / 'p.safetensors', {})
    assert policy_id(load_policy(path)) == policy_id(policy)


def test_weights_scaling_and_words_make_another_policy():
    policy = random_policy(0)
    touched = random_policy(0)
    with torch.no_grad():
        touched.network.flow.out.weight[0, 0] += 0.1
    scaling = replace(policy.normalisation, action_low=policy.normalisation.action_low - 0.1)
    other_scale = MiniPolicy(policy.network, scaling, policy.vocabulary)
    ids = {policy_id(p) for p in (policy, touched, other_scale, random_policy(1))}
    assert len(ids) == 4


def test_how_it_is_sampled_does_not_count():
    policy = random_policy(0)
    assert policy_id(adjusted(policy, replan=3, steps=20)) == policy_id(policy)


def test_random_droid_is_its_seed():
    assert policy_id(RandomDroidPolicy(0)) == policy_id(RandomDroidPolicy(0))
    assert policy_id(RandomDroidPolicy(0)) != policy_id(RandomDroidPolicy(1))


def test_a_policy_that_does_not_say_is_unknown():
    assert policy_id(object()) == UNKNOWN == ''


@pytest.mark.parametrize('other', [['a', 'bc'], ['abc'], ['ab', 'c', '']])
def test_parts_do_not_run_into_each_other(other):
    assert fingerprint(['ab', 'c']) != fingerprint(other)


def test_a_folder_is_known_by_names_sizes_and_contents(tmp_path):
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'deep' / 'b.json').write_bytes(b'12')
    (tmp_path / 'a.safetensors').write_bytes(b'')
    parts = of_folder(tmp_path)
    assert [part.rsplit(' ', 1)[0] for part in parts] == ['a.safetensors 0', 'deep/b.json 2']
    (tmp_path / 'deep' / 'b.json').write_bytes(b'21')
    changed = of_folder(tmp_path)
    assert changed[0] == parts[0]
    assert changed[1] != parts[1]


@pytest.mark.parametrize(
    ('name', 'counts'),
    [
        ('model.safetensors', True),
        ('config.json', True),
        ('assets/droid/norm_stats.json', True),
        ('policy_postprocessor_step_0_unnormalizer_processor.safetensors', True),
        ('.cache/huggingface/download/config.json', False),
        ('.cache/huggingface/download/model.safetensors.metadata', False),
        ('assets/.hidden.json', False),
        ('README.md', False),
        ('train_config.json', False),
        ('optimizer.pt', False),
        ('model.safetensors.lock', False),
    ],
)
def test_only_what_makes_the_policy_counts(tmp_path, name, counts):
    folder = tmp_path / '.cache' / 'pi05_droid'  # where openpi puts it
    (folder / name).parent.mkdir(parents=True)
    before = of_folder(folder)
    (folder / name).write_bytes(b'1')
    first = of_folder(folder)
    (folder / name).write_bytes(b'2')
    assert (before != first) == (first != of_folder(folder)) == counts


def test_a_large_file_of_other_weights_is_another_one(tmp_path):
    weights = np.random.default_rng(0).bytes(3 << 20)
    file = tmp_path / 'model.safetensors'
    file.write_bytes(weights)
    before = of_folder(tmp_path)
    file.write_bytes(weights[: 1 << 20] + bytes(1 << 20) + weights[2 << 20 :])
    assert of_folder(tmp_path) != before
