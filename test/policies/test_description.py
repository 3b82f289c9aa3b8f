# SPDX-License-Identifier: Apache-2.0
"""What a policy needs, known without loading it."""

from __future__ import annotations

import json

import pytest

from frs_ros.errors import CheckpointError
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.description import MADE, SHIPPED, interface_of
from frs_ros.sim.splits import SPLITS
from frs_ros.sim.wording import instruction_of_type

HELD_OUT = {
    'libero_object': [instruction_of_type(kind) for kind in SPLITS['libero_object'].never],
    'libero_spatial': SPLITS['libero_spatial'].never,
    'libero_goal': SPLITS['libero_goal'].never,
}


@pytest.mark.parametrize('name', [*SHIPPED, *MADE])
def test_what_is_said_of_a_policy_is_so(name):
    policy, said = load_policy(name), interface_of(name)
    assert said.space == policy.spec.space
    assert said.control_hz == policy.spec.control_hz
    assert said.cameras == tuple(camera.name for camera in policy.cameras)


@pytest.mark.parametrize('name', SHIPPED)
def test_shipped_policies_know_no_word_for_what_is_held_out(name):
    policy, path = load_policy(name), SHIPPED[name]
    data = json.loads(path.with_suffix('.json').read_text())['training']['data']
    for suite, tasks in data['tasks'].items():
        assert tuple(tasks) == SPLITS[suite].tasks
        for instruction in HELD_OUT[suite]:
            assert instruction not in policy.vocabulary.instructions
    assert path.stat().st_size < 6e6
    assert path.with_suffix('.md').read_text().startswith(f'# {path.stem}\n')


def test_missing_entries_are_named(tmp_path):
    path = tmp_path / 'strange.safetensors'
    path.touch()
    description = json.loads(SHIPPED['mini'].with_suffix('.json').read_text())
    del description['spec']['control_hz']
    path.with_suffix('.json').write_text(json.dumps(description))
    with pytest.raises(CheckpointError, match=r"strange\.json: bad or missing entry 'control_hz'"):
        interface_of(str(path))


def test_no_such_checkpoint():
    with pytest.raises(CheckpointError, match='no checkpoint at'):
        interface_of('nowhere.safetensors')
