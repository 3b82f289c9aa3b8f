# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of other projects: values, orientation, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation

from frs_ros.cli import main
from frs_ros.data import demonstrations
from frs_ros.learning.distilled.demonstrated import read

T = 6


def gradient(steps: int = T, size: int = 32) -> np.ndarray:
    """[T, h, w, 3] upright pictures: the darker the higher and the more to the left."""
    rows, columns = np.mgrid[:size, :size] * (255 // size)
    return np.stack([np.stack([rows, columns, np.full_like(rows, t)], -1) for t in range(steps)])


def write_libero(path: Path, demos: int = 2, **changes: object) -> Path:
    with h5py.File(path, 'w') as file:
        data = file.create_group('data')
        data.attrs['problem_info'] = json.dumps({'language_instruction': ['turn on the stove']})
        for number in range(demos):
            group = data.create_group(f'demo_{number * 9}')  # demo_9 comes before demo_18
            values = {
                'actions': np.full((T, 7), number / 10.0),
                'rewards': np.eye(T)[-1],
                'obs/ee_states': np.arange(T * 6.0).reshape(T, 6),
                'obs/gripper_states': np.full((T, 2), 0.04),
                'obs/agentview_rgb': gradient()[:, ::-1, ::-1],
                'obs/eye_in_hand_rgb': gradient()[:, ::-1, ::-1],
                **changes,
            }
            for name, value in values.items():
                if value is not None:
                    group[name] = value
    return path


def load(folder: Path) -> list[demonstrations.Demonstration]:
    return [demonstrations.load(file) for file in demonstrations.episode_files(folder)]


def test_a_file_of_libero(tmp_path: Path) -> None:
    path = write_libero(tmp_path / 'a_demo.hdf5', 3)
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd')]) == 0
    episodes = load(tmp_path / 'd')
    assert [float(e.actions[0, 0]) for e in episodes] == pytest.approx([0.0, 0.1, 0.2])
    first = episodes[0]
    assert first.instruction == 'turn on the stove'
    assert first.state.shape == (T, 8)
    assert first.state[1].tolist() == [6, 7, 8, 9, 10, 11, 0.04, 0.04]
    for camera in demonstrations.CAMERAS:
        difference = first.decode_frames(camera).astype(float) - gradient()
        assert np.abs(difference).mean() < 8  # upright; JPEG
    (demonstrated, *_) = read(demonstrations.episode_files(tmp_path / 'd'))
    assert demonstrated.frames.tolist() == list(range(T))


def test_turning_can_be_told(tmp_path: Path) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1)
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd'), '--turn', 'none']) == 0
    upside_down = load(tmp_path / 'd')[0].decode_frames('wrist').astype(float)
    assert np.abs(upside_down - gradient()[:, ::-1, ::-1]).mean() < 8


def test_a_file_of_robomimic(tmp_path: Path) -> None:
    turns = Rotation.from_rotvec(np.linspace(0.1, 1.0, T * 3).reshape(T, 3))
    path = tmp_path / 'lift_the_cube.hdf5'
    with h5py.File(path, 'w') as file:
        group = file.create_group('data/demo_0')
        group['actions'] = np.zeros((T, 7))
        group['obs/robot0_eef_pos'] = np.ones((T, 3))
        group['obs/robot0_eef_quat'] = turns.as_quat()
        group['obs/robot0_gripper_qpos'] = np.zeros((T, 2))
        group['obs/agentview_image'] = gradient()
        group['obs/robot0_eye_in_hand_image'] = gradient()
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd')]) == 0
    (episode,) = load(tmp_path / 'd')
    assert episode.instruction == 'lift the cube'
    assert episode.state[:, 3:6] == pytest.approx(turns.as_rotvec())
    assert np.abs(episode.decode_frames('agentview').astype(float) - gradient()).mean() < 8


def test_failures_are_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_libero(tmp_path / 'a.hdf5', 2, rewards=np.zeros(T))
    assert main(['bag', 'import', str(tmp_path), '--out', str(tmp_path / 'd')]) == 2
    assert 'no successful demonstration' in capfd.readouterr().err
    write_libero(tmp_path / 'b.hdf5', 2)
    assert main(['bag', 'import', str(tmp_path), '--out', str(tmp_path / 'd')]) == 0
    assert '2 demonstrations of 12 steps' in capfd.readouterr().out


def write_lerobot(folder: Path, version: str, *, video: bool = False) -> Path:
    jpegs = [cv2.imencode('.png', p[..., ::-1].astype(np.uint8))[1].tobytes() for p in gradient()]
    pictures = [{'bytes': data, 'path': None} for data in jpegs] * 2
    table = {
        'observation.images.image': pictures,
        'observation.images.wrist_image': pictures,
        'observation.state': [[float(t)] * 8 for t in range(2 * T)],
        'action': [[float(t)] * 7 for t in range(2 * T)],
        'episode_index': [0] * T + [1] * T,
        'task_index': [1] * T + [0] * T,
    }
    kinds = {key: 'image' if 'image' in key else 'float32' for key in table}
    if video:
        kinds = {k: 'video' if v == 'image' else v for k, v in kinds.items()}
    (folder / 'meta').mkdir(parents=True)
    (folder / 'data' / 'chunk-000').mkdir(parents=True)
    pq.write_table(pa.table(table), folder / 'data' / 'chunk-000' / 'file-000.parquet')
    info = {'codebase_version': version, 'features': {k: {'dtype': v} for k, v in kinds.items()}}
    (folder / 'meta' / 'info.json').write_text(json.dumps(info))
    words = ['close it', 'open it']
    if version == 'v3.0':
        pq.write_table(
            pa.table({'task_index': [0, 1], 'task': words}), folder / 'meta' / 'tasks.parquet'
        )
    else:
        lines = [json.dumps({'task_index': n, 'task': t}) for n, t in enumerate(words)]
        (folder / 'meta' / 'tasks.jsonl').write_text('\n'.join(lines))
    return folder


@pytest.mark.parametrize('version', ['v2.1', 'v3.0'])
def test_a_lerobot_dataset(version: str, tmp_path: Path) -> None:
    folder = write_lerobot(tmp_path / 'l', version)
    assert main(['bag', 'import', str(folder), '--out', str(tmp_path / 'd')]) == 0
    episodes = load(tmp_path / 'd')
    assert [e.instruction for e in episodes] == ['open it', 'close it']
    assert episodes[1].actions[:, 0].tolist() == list(range(T, 2 * T))
    assert np.abs(episodes[0].decode_frames('wrist').astype(float) - gradient()).mean() < 8


def test_broken_files_are_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def refused(path: Path, *options: str) -> str:
        assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd'), *options]) == 2
        error = capfd.readouterr().err
        assert error.count('\n') == 1
        return error

    (tmp_path / 'a.hdf5').write_bytes(b'no HDF5')
    assert 'cannot be read' in refused(tmp_path / 'a.hdf5')
    assert 'there is no' in refused(tmp_path / 'nowhere')
    (tmp_path / 'empty').mkdir()
    assert 'neither a LeRobot dataset nor' in refused(tmp_path / 'empty')
    with h5py.File(tmp_path / 'b.hdf5', 'w'):
        pass
    assert "no group 'data'" in refused(tmp_path / 'b.hdf5')
    for key, words in {
        'actions': "no 'actions'",
        'obs/ee_states': 'no ee_states',
        'obs/eye_in_hand_rgb': 'no pictures of wrist',
    }.items():
        assert words in refused(write_libero(tmp_path / 'c.hdf5', 1, **{key: None}))
    short = write_libero(tmp_path / 'c.hdf5', 1, actions=np.zeros((T - 1, 7)))
    assert '5 actions, but 6 of state' in refused(short)
    assert 'only videos' in refused(write_lerobot(tmp_path / 'v', 'v3.0', video=True))
    assert 'LeRobot v9.0' in refused(write_lerobot(tmp_path / 'w', 'v9.0'))
    broken = write_lerobot(tmp_path / 'x', 'v3.0')
    next(broken.rglob('file-000.parquet')).write_bytes(b'PAR1')
    assert 'cannot be read' in refused(broken)
    assert not (tmp_path / 'd').exists()
    fine = write_libero(tmp_path / 'f.hdf5', 1)
    assert '--turn' in refused(fine, '--turn', '90')
    assert "no camera 'left'" in refused(fine, '--cameras', 'left=x')
