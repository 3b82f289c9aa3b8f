# SPDX-License-Identifier: Apache-2.0
"""What a policy needs, known without loading it."""

from __future__ import annotations

import json

import pytest

from frs_ros.errors import CheckpointError
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.description import MADE, SHIPPED, interface_of


@pytest.mark.parametrize('name', ['mini', *MADE])
def test_what_is_said_of_a_policy_is_so(name):
    policy, said = load_policy(name), interface_of(name)
    assert said.space == policy.spec.space
    assert said.control_hz == policy.spec.control_hz
    assert said.cameras == tuple(camera.name for camera in policy.cameras)


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
