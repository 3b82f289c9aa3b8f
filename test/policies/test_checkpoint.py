# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from frs_ros.errors import CheckpointError
from frs_ros.policies import checkpoint
from frs_ros.policies.checkpoint import load_policy, read_metadata, save_policy
from frs_ros.policies.mini import random_policy
from frs_ros.types import Observation

OBSERVATION = Observation(
    {'agentview': np.full((128, 128, 3), 90, np.uint8), 'wrist': np.zeros((84, 84, 3), np.uint8)},
    np.array([0, 0, 1, np.pi, 0, 0, 0.04, -0.04]),
    'pick up the ketchup and place it in the basket',
)


@pytest.fixture
def path(tmp_path):
    return save_policy(random_policy(3), tmp_path / 'deep' / 'm.safetensors', {'seed': 3})


def edit(path, **changes):
    file = path.with_suffix('.json')
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_round_trip(path):
    saved, loaded = random_policy(3), load_policy(str(path))
    assert loaded.vocabulary.instructions == saved.vocabulary.instructions
    assert loaded.normalisation.to_json() == saved.normalisation.to_json()
    x, t = torch.randn(1, 10, 7, generator=torch.Generator().manual_seed(0)), torch.tensor([0.4])
    velocity = [p.velocity(x, t, p.encode(OBSERVATION)) for p in (saved, loaded)]
    torch.testing.assert_close(*velocity, rtol=0, atol=1e-2)  # weights are stored in float16
    again = load_policy(path)
    torch.testing.assert_close(
        again.velocity(x, t, again.encode(OBSERVATION)), velocity[1], rtol=0, atol=0
    )


def test_metadata_and_storage(path):
    assert read_metadata(path)['training'] == {'seed': 3}
    assert all(v.dtype == torch.float16 for v in load_file(path).values())


def test_missing_file_lists_the_shipped_names(tmp_path):
    with pytest.raises(CheckpointError, match=r'no checkpoint at .*mini'):
        load_policy(tmp_path / 'none.safetensors')


def test_missing_description(path):
    path.with_suffix('.json').unlink()
    with pytest.raises(CheckpointError, match=r'lacks its description m\.json'):
        load_policy(path)


@pytest.mark.parametrize('keep', [0, 5, 1000, -10])
def test_truncated_weights(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match='truncated'):
        load_policy(path)


def test_broken_description(path):
    path.with_suffix('.json').write_text('{"kind": ')
    with pytest.raises(CheckpointError, match='not readable as JSON'):
        load_policy(path)
    path.with_suffix('.json').write_text('[1]')
    with pytest.raises(CheckpointError, match='does not describe'):
        load_policy(path)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'kind': 'pi05'}, "kind is 'pi05'"),
        ({'format': 9}, 'format is 9'),
        ({'spec': {'horizon': 50}}, 'spec'),
        ({'cameras': []}, 'cameras'),
        ({'normalisation': {}}, 'bad or missing entry'),
        ({'instructions': None}, 'bad or missing entry'),
        ({'instructions': 'abc'}, 'no list of sentences'),
        ({'instructions': [1]}, 'no list of sentences'),
        ({'instructions': ['one']}, r'instruction.weight has shape \[3, 32\]'),
    ],
)
def test_description_of_something_else(path, changes, message):
    edit(path, **changes)
    with pytest.raises(CheckpointError, match=message):
        load_policy(path)


def test_normalisation_of_another_length(path):
    normalisation = random_policy(3).normalisation.to_json()
    edit(path, normalisation={**normalisation, 'proprio_std': [1.0]})
    with pytest.raises(CheckpointError, match='proprio_std'):
        load_policy(path)


@pytest.mark.parametrize(
    ('name', 'values'),
    [
        ('proprio_std', [[1.0]] * 9),
        ('proprio_std', [0.0] * 9),
        ('proprio_mean', [float('nan')] * 9),
        ('action_high', [-9.0] * 7),
        ('action_low', ['a'] * 7),
    ],
)
def test_normalisation_that_cannot_be(path, name, values):
    edit(path, normalisation={**random_policy(3).normalisation.to_json(), name: values})
    with pytest.raises(CheckpointError, match='bad or missing entry'):
        load_policy(path)


def test_memory_is_taken_only_for_what_is_in_the_file(path, monkeypatch):
    """A description of two million sentences is refused by shapes alone."""
    made = []

    def make_network(vocabulary):
        made.append(torch.empty(1).device.type)
        return real(vocabulary)

    real = checkpoint.make_network
    monkeypatch.setattr(checkpoint, 'make_network', make_network)
    edit(path, instructions=[str(i) for i in range(100_000)])
    with pytest.raises(CheckpointError, match=r'instruction\.weight has shape'):
        load_policy(path)
    assert made == ['meta']


def change_weights(path, change):
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def test_weights_that_do_not_fit(path):
    change_weights(path, lambda w: w.update({'flow.out.bias': torch.zeros(3).half()}))
    with pytest.raises(CheckpointError, match=r'flow.out.bias has shape \[3\], expected \[70\]'):
        load_policy(path)
    change_weights(path, lambda w: w.pop('flow.out.bias'))
    with pytest.raises(CheckpointError, match=r'missing or unknown tensor flow.out.bias'):
        load_policy(path)


def test_weights_that_are_not_finite(path):
    change_weights(path, lambda w: w['flow.norm.bias'].fill_(float('nan')))
    with pytest.raises(CheckpointError, match=r'flow.norm.bias holds numbers that are not finite'):
        load_policy(path)


def test_name_must_say_what_it_is(tmp_path):
    with pytest.raises(CheckpointError, match=r'\.safetensors'):
        save_policy(random_policy(), tmp_path / 'model.pt', {})
