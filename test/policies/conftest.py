# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from frs_ros.types import JOINT_POSITION


@pytest.fixture
def write(tmp_path):
    """Writes a policy file for a folder with weights and statistics of actions."""
    yaml = pytest.importorskip('yaml')
    pytest.importorskip('torch')
    from safetensors.torch import save_file
    from vla_loading import CAMERAS, QUANTILES, trained

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
