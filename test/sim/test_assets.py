# SPDX-License-Identifier: Apache-2.0
import re
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from frs_ros.errors import AssetError, ConfigError
from frs_ros.sim import assets, suites
from frs_ros.sim.standin import pack

pytest.importorskip('libero', reason='LIBERO is not installed')


def test_the_pack_holds_readable_models_and_textures():
    for path, data in pack.pack_files().items():
        if path.endswith('.xml'):
            assert ElementTree.fromstring(data).tag == 'mujoco'
        else:
            assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None, path


def test_the_pack_is_built_once_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    folder = pack.build_pack()
    before = {p: p.stat().st_mtime_ns for p in folder.rglob('*') if p.is_file()}
    assert pack.build_pack() == folder
    assert len(before) == len(pack.pack_files())
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())


@pytest.mark.parametrize('suite', pack.SUITES)
def test_every_object_of_the_suite_is_in_the_pack(suite):
    inside = {path.rsplit('/', 1)[-1] for path in pack.pack_files()}
    for task in suites.tasks(suite):
        kinds = set(re.findall(r'_\d - (\w+)', task.bddl_file.read_text()))
        assert len(kinds) >= 6
        assert {f'{kind}.xml' for kind in kinds} <= inside, task.name


def test_a_folder_must_exist_and_be_complete(tmp_path):
    with pytest.raises(AssetError, match='does not exist'):
        assets.resolve(str(tmp_path / 'nowhere'), 'libero_object')
    with pytest.raises(AssetError, match='has no scenes'):
        assets.resolve(str(tmp_path), 'libero_object')


def test_other_suites_have_no_standin():
    with pytest.raises(AssetError, match='no stand-in assets for libero_90'):
        assets.resolve('standin', 'libero_90')


def test_auto_falls_back_to_the_standin(monkeypatch):
    monkeypatch.setattr(assets, '_local_stock', lambda: None)
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    assert assets.resolve('auto', 'libero_object').kind == 'standin'
    with pytest.raises(AssetError, match='HF_HUB_OFFLINE'):
        assets.resolve('stock', 'libero_object')


def test_stock_assets_on_the_machine_come_first(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, '_local_stock', lambda: tmp_path)
    assert assets.resolve('auto', 'libero_object') == assets.Assets('stock', tmp_path)


def test_unknown_suites_and_tasks_are_named():
    with pytest.raises(ConfigError, match=r"unknown suite 'libero_x'.*libero_object"):
        suites.tasks('libero_x')
    with pytest.raises(ConfigError, match='unknown task 10; libero_object has tasks 0 to 9'):
        suites.task('libero_object', 10)


def test_stock_tasks_and_init_states():
    task = suites.task('libero_object', 7)
    assert task.instruction == 'pick up the milk and place it in the basket'
    assert task.max_steps == 280
    assert suites.init_states(task).shape == (50, 110)
