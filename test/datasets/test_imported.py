# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of other projects: values, orientation, and what is wrong with a file."""

from __future__ import annotations

import itertools
import json
import math
import resource
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation

from frs_ros.cli import main
from frs_ros.datasets import demonstrations
from frs_ros.datasets.exchange import import_lerobot_meta
from frs_ros.errors import DataError
from frs_ros.training.distilled.demonstrated import check_rates, read
from frs_ros.training.generalist.data import load_training_data

T = 6


def gradient(steps: int = T, size: int = 32) -> np.ndarray:
    """[T, h, w, 3] upright images: the darker the higher and the more to the left."""
    rows, columns = np.mgrid[:size, :size] * (255 // size)
    images = [np.stack([rows, columns, np.full_like(rows, t)], -1) for t in range(steps)]
    return np.stack(images).astype(np.uint8)


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
    assert 'no successful demonstration (2 left out: failed)' in capfd.readouterr().err
    write_libero(tmp_path / 'b.hdf5', 2)
    assert main(['bag', 'import', str(tmp_path), '--out', str(tmp_path / 'd')]) == 0
    assert '2 demonstrations of 12 steps' in capfd.readouterr().out


def write_lerobot(
    folder: Path, version: str, *, video: bool = False, changes: dict[str, Any] | None = None,
    info: dict[str, Any] | None = None,
    words: tuple[str, ...] = ('close it', 'open it'),
    episodes: list[dict[str, Any]] | None = None,
) -> Path:  # fmt: skip
    """Two episodes; `changes` of columns (None: without), `info` of info.json."""
    pngs = [cv2.imencode('.png', p[..., ::-1])[1].tobytes() for p in gradient()]
    images = [{'bytes': data, 'path': None} for data in pngs] * 2
    table = {
        'observation.images.image': images,
        'observation.images.wrist_image': images,
        'observation.state': [[float(t)] * 8 for t in range(2 * T)],
        'action': [[float(t)] * 7 for t in range(2 * T)],
        'timestamp': [t / 20 for t in range(T)] * 2,
        'frame_index': [*range(T)] * 2,
        'episode_index': [0] * T + [1] * T,
        'task_index': [1] * T + [0] * T,
    }
    kinds = {key: 'image' if 'image' in key else 'float32' for key in table}
    if video:
        kinds = {k: 'video' if v == 'image' else v for k, v in kinds.items()}
    features: dict[str, Any] = {k: {'dtype': v} for k, v in kinds.items()}
    features['action']['shape'] = [7]
    table = {k: v for k, v in {**table, **(changes or {})}.items() if v is not None}
    (folder / 'meta').mkdir(parents=True)
    (folder / 'data' / 'chunk-000').mkdir(parents=True)
    pq.write_table(pa.table(table), folder / 'data' / 'chunk-000' / 'file-000.parquet')
    about = {'codebase_version': version, 'fps': 20, 'features': features, **(info or {})}
    (folder / 'meta' / 'info.json').write_text(json.dumps(about), encoding='utf-8')
    if episodes is None:
        episodes = [{'episode_index': n, 'length': T, 'tasks': [['open it'], ['close it']][n]}
                    for n in range(2)]  # fmt: skip
    tasks = [{'task_index': n, 'task': t} for n, t in enumerate(words)]
    for name, rows in {'tasks': tasks, 'episodes': episodes}.items():
        if version == 'v3.0':
            place = '' if name == 'tasks' else '/chunk-000/file-000'
            file = folder / 'meta' / f'{name}{place}.parquet'
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), file)
        else:
            lines = '\n'.join(map(json.dumps, rows))
            (folder / 'meta' / f'{name}.jsonl').write_text(lines, encoding='utf-8')
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
        'obs/eye_in_hand_rgb': 'no images of wrist',
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


@pytest.fixture
def refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """Imports a path that must be refused: its one line."""

    def run(path: Path, *options: str) -> str:
        assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd'), *options]) == 2
        assert not (tmp_path / 'd').exists()
        assert not list(tmp_path.glob('.d.*'))
        error = capfd.readouterr().err
        assert error.count('\n') == 1
        return error

    return run


def test_names_of_libero_keep_its_turn_when_they_are_given(tmp_path: Path) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1, **{'obs/other': gradient()})
    given = 'agentview=agentview_rgb,wrist=other'
    out = ['--out', str(tmp_path / 'd'), '--cameras', given]
    assert main(['bag', 'import', str(path), *out]) == 0
    (episode,) = load(tmp_path / 'd')
    for camera in demonstrations.CAMERAS:
        assert np.abs(episode.decode_frames(camera).astype(float) - gradient()).mean() < 8


@pytest.mark.parametrize('given', ['agentview=a,agentview=b', 'agentview=a,wrist=a'])
def test_a_camera_is_named_once(given: str, tmp_path: Path, refused: Any) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1)
    assert 'twice' in refused(path, '--cameras', given)


@pytest.mark.parametrize('layout', ['channels first', 'alpha', 'grey', 'grey [h, w, 1]'])
def test_other_layouts_are_converted(layout: str, tmp_path: Path) -> None:
    rgb = gradient()[:, ::-1, ::-1]
    grey = rgb[..., 0]
    stored = {
        'channels first': np.moveaxis(rgb, 3, 1),
        'alpha': np.concatenate([rgb, np.full((T, 32, 32, 1), 9, np.uint8)], 3),
        'grey': grey,
        'grey [h, w, 1]': grey[..., None],
    }[layout]
    path = write_libero(tmp_path / 'a.hdf5', 1, **{'obs/agentview_rgb': stored})
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd')]) == 0
    seen = load(tmp_path / 'd')[0].decode_frames('agentview').astype(float)
    wanted = gradient()[..., :1] if layout.startswith('grey') else gradient()
    assert np.abs(seen - wanted).mean() < 8


@pytest.mark.parametrize(('stored', 'words'), [
    (gradient().astype(np.uint16) * 257, 'row 0: images must be uint8, not uint16'),
    (gradient() / np.float32(255), 'must be uint8, not float32'),
    (gradient().astype(np.int64), 'must be uint8, not int64'),
    (np.zeros((T, 32, 32, 2), np.uint8), 'not [32, 32, 2]'),
    (np.zeros((T, 5000, 1, 1), np.uint8), 'at most 4096'),
    (np.zeros(T, np.uint8), 'an image must be'),
    (gradient()[:-1], '6 actions, but 5 of agentview'),
])  # fmt: skip
def test_images_that_are_not_read_are_named(
    stored: np.ndarray, words: str, tmp_path: Path, refused: Any
) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1, **{'obs/agentview_rgb': stored})
    error = refused(path)
    assert words in error
    assert 'a.hdf5 demo_0' in error


@pytest.mark.parametrize(('key', 'values', 'words'), [
    ('actions', np.where(np.eye(T, 7) > 0, np.nan, 0), 'row 0 has an action that is not finite'),
    ('actions', np.array([['a'] * 7] * T, 'S1'), 'actions holds no rows of numbers'),
    ('actions', np.zeros((T, 2000)), 'actions holds no rows of numbers'),
    ('rewards', np.full(T, np.nan), 'rewards that are not finite'),
])  # fmt: skip
def test_numbers_that_make_no_sense_are_named(
    key: str, values: np.ndarray, words: str, tmp_path: Path, refused: Any
) -> None:
    error = refused(write_libero(tmp_path / 'a.hdf5', 1, **{key: values}))
    assert words in error
    assert 'a.hdf5 demo_0' in error


def _secret(tmp_path: Path) -> Path:
    secret = tmp_path / 'key'
    secret.write_bytes(b'private' * 4096)
    return secret


def test_an_hdf5_file_cannot_read_others(tmp_path: Path, refused: Any) -> None:
    secret = _secret(tmp_path)
    key = 'obs/agentview_rgb'
    shape = (T, 32, 32, 3)
    other = write_libero(tmp_path / 'other.h5', 1)
    image = f'data/demo_0/{key}'

    def external(group: h5py.Group) -> None:
        size = int(np.prod(shape))
        group.create_dataset(key, shape, np.uint8, external=[(str(secret), 0, size)])

    def virtual(group: h5py.Group) -> None:
        layout = h5py.VirtualLayout(shape, np.uint8)
        layout[...] = h5py.VirtualSource(str(other), image, shape)
        group.create_virtual_dataset(key, layout)

    def link(group: h5py.Group) -> None:
        group[key] = h5py.ExternalLink(str(other), image)

    def soft(group: h5py.Group) -> None:
        group['elsewhere'] = h5py.ExternalLink(str(other), image)
        group[key] = h5py.SoftLink('/data/demo_0/elsewhere')

    for make, words in ((external, 'in other files'), (virtual, 'in other files'),
                        (link, 'is a link'), (soft, 'is a link')):  # fmt: skip
        path = write_libero(tmp_path / 'a.hdf5', 1, **{key: None})
        with h5py.File(path, 'a') as file:
            make(file['data/demo_0'])
        error = refused(path)
        assert words in error, make
        assert 'a.hdf5 demo_0' in error
    for name in ('data', 'data/demo_0', 'data/demo_0/obs', 'data/demo_0/actions'):
        path = write_libero(tmp_path / 'a.hdf5', 1)
        with h5py.File(path, 'a') as file:
            del file[name]
            file[name] = h5py.ExternalLink(str(other), name)
        assert 'is a link, which is not followed' in refused(path)


def test_what_is_not_stored_is_not_read(tmp_path: Path, refused: Any) -> None:
    key = 'obs/agentview_rgb'
    for options in ({}, {'chunks': (1, 32, 32, 3)}, {'chunks': (1, 32, 32, 3), 'compression': 1}):
        path = write_libero(tmp_path / 'a.hdf5', 1, **{key: None})
        with h5py.File(path, 'a') as file:
            group = file['data/demo_0']
            group.create_dataset(key, (50_000, 2000, 2000, 3), np.uint8, **options)
        assert 'not all of that is in the file' in refused(path)
    path = write_libero(tmp_path / 'a.hdf5', 1, actions=None)
    with h5py.File(path, 'a') as file:
        file['data/demo_0'].create_dataset('actions', (10**12, 7), 'f4', chunks=(1, 7))
    assert 'at most 100000' in refused(path)
    path = write_libero(tmp_path / 'a.hdf5', 1, **{key: None})
    with h5py.File(path, 'a') as file:
        file['data/demo_0'][key] = file['data']  # a group that holds itself
    assert 'no dataset' in refused(path)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1, **{'obs/agentview_rgb': None})
    with h5py.File(path, 'a') as file:
        group = file['data/demo_0/obs']
        upside_down = gradient()[:, ::-1, ::-1]
        group.create_dataset('agentview_rgb', data=upside_down, chunks=True, compression='gzip')
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd')]) == 0


def test_copies_are_left_out_and_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_libero(tmp_path / 'f_demo.hdf5', 2)
    (tmp_path / 'copy.hdf5').write_bytes((tmp_path / 'f_demo.hdf5').read_bytes())
    assert main(['bag', 'import', str(tmp_path), '--out', str(tmp_path / 'd')]) == 0
    said = capfd.readouterr().out
    assert '2 demonstrations of 12 steps' in said
    assert '2 left out: copies of another one' in said


def test_the_rate_of_a_file_is_kept(tmp_path: Path, refused: Any) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1)
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd20')]) == 0
    with h5py.File(path, 'a') as file:
        about = json.dumps({'env_kwargs': {'control_freq': 10}})
        file['data'].attrs['env_args'] = about
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd10')]) == 0
    check_rates([tmp_path / 'd20'], 20.0)
    with pytest.raises(DataError, match=r'd10 is of 10 Hz, the policy acts at 20 Hz'):
        check_rates([tmp_path / 'd20', tmp_path / 'd10'], 20.0)
    write_libero(tmp_path / 'b.hdf5', 2)
    assert 'is of 20 Hz, those before of 10 Hz' in refused(tmp_path)


def rows(values: list[Any], *, at: int, value: Any) -> list[Any]:
    return [*values[:at], value, *values[at + 1 :]]


SEVEN = [[float(t)] * 7 for t in range(2 * T)]
FRAMES = [*range(T)] * 2
LEROBOT_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({'changes': {'episode_index': [0] * 2 * T}}, 'row 6 (episode 0): frame_index is 0 where 6'),
    ({'changes': {'frame_index': rows(FRAMES, at=3, value=4)}}, 'row 3 (episode 0): frame_index'),
    ({'changes': {'episode_index': [0] * 4 + [1] * 4 + [0] * 4,
                  'frame_index': [*range(4)] * 3}}, '4 rows, meta/episodes says 6'),
    ({'changes': {'action': rows(SEVEN, at=8, value=None)}}, 'row 8 (episode 1): action holds'),
    ({'changes': {'action': rows(SEVEN, at=2, value=[0.0] * 6)}},
     'row 2 (episode 0): action has 6 numbers, meta/info.json says 7'),
    ({'changes': {'action': rows(SEVEN, at=2, value=[0.0] * 6 + [None])}}, 'row 2 (episode 0)'),
    ({'changes': {'action': rows(SEVEN, at=2, value=[math.inf] * 7)}}, 'row 2 (episode 0)'),
    ({'changes': {'action': None}}, "has no column 'action'"),
    ({'changes': {'frame_index': None}}, "has no column 'frame_index'"),
    ({'changes': {'task_index': [7] * 2 * T}}, 'episode 0 frame 0: task 7 has no words'),
    ({'words': ('', 'open it')}, 'episode 1 frame 0: task 0 has no words'),
    ({'words': ('open it', 'close it')}, "its task is 'close it', meta/episodes says"),
    ({'changes': {'timestamp': [t / 10 for t in range(T)] * 2}},
     'row 1 (episode 0): 0.100 s after the row before; meta/info.json says 20 Hz'),
    ({'info': {'fps': None}}, 'fps says no rate'),
    ({'info': {'fps': -3}}, 'fps says no rate'),
    ({'info': {'total_episodes': 3}}, 'says 3 episodes, meta/episodes 2'),
    ({'info': {'features': []}}, 'has no features'),
    ({'episodes': [{'episode_index': 0, 'length': T, 'tasks': ['open it']}]},
     'row 6: episode 1 is not in meta/episodes'),
    ({'episodes': [{'episode_index': n, 'length': T, 'tasks': ['open it', 'close it']}
                   for n in range(3)]}, 'data/ lacks 1 of them, such as 2'),
    ({'episodes': [{'episode_index': 0, 'length': T}] * 2}, 'stands twice'),
]  # fmt: skip


@pytest.mark.parametrize('version', ['v2.1', 'v3.0'])
@pytest.mark.parametrize(('fault', 'words'), LEROBOT_FAULTS)
def test_a_lerobot_dataset_that_contradicts_itself_is_refused(
    fault: dict[str, Any], words: str, version: str, tmp_path: Path, refused: Any
) -> None:
    error = refused(write_lerobot(tmp_path / 'l', version, **fault))
    assert words in error
    assert str(tmp_path / 'l') in error


def test_two_datasets_copied_together_are_refused(tmp_path: Path, refused: Any) -> None:
    folder = write_lerobot(tmp_path / 'l', 'v2.1')
    file = next(folder.rglob('file-000.parquet'))
    (file.parent / 'file-001.parquet').write_bytes(file.read_bytes())
    assert 'file-001.parquet row 0: episode 0 stands twice' in refused(folder)
    split = write_lerobot(tmp_path / 's', 'v2.1')  # an episode that goes on in another file
    file = next(split.rglob('file-000.parquet'))
    table = pq.read_table(file)
    pq.write_table(table[:3], file)
    pq.write_table(table[3:], file.parent / 'file-001.parquet')
    assert 'meta/episodes says 6' in refused(split)


def test_meta_is_needed(tmp_path: Path, refused: Any) -> None:
    for number, name in enumerate(('tasks', 'episodes')):
        folder = write_lerobot(tmp_path / str(number), 'v2.1')
        (folder / 'meta' / f'{name}.jsonl').unlink()
        assert f'has no meta/{name}' in refused(folder)
    folder = write_lerobot(tmp_path / 'x', 'v3.0')
    next((folder / 'data').rglob('*.parquet')).unlink()
    assert 'no parquet files' in refused(folder)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    folder = write_lerobot(tmp_path / 'l', 'v2.1', words=('zuschließen', 'öffnen'), episodes=[
        {'episode_index': n, 'length': T} for n in range(2)])  # fmt: skip
    for name in ('info.json', 'tasks.jsonl'):
        file = folder / 'meta' / name
        file.write_bytes(b'\xef\xbb\xbf' + file.read_bytes())
    assert main(['bag', 'import', str(folder), '--out', str(tmp_path / 'd')]) == 0
    assert [e.instruction for e in load(tmp_path / 'd')] == ['öffnen', 'zuschließen']


def test_episodes_whose_task_changes_are_left_out_and_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    both = [{'episode_index': n, 'length': T, 'tasks': ['open it', 'close it']} for n in range(2)]
    changes = {'task_index': [0, 0, 1, 1, 1, 1] + [0] * T}
    folder = write_lerobot(tmp_path / 'l', 'v3.0', changes=changes, episodes=both)
    assert main(['bag', 'import', str(folder), '--out', str(tmp_path / 'd')]) == 0
    said = capfd.readouterr().out
    assert '1 demonstrations of 6 steps' in said
    assert '1 left out: their task changes midway; see --instruction' in said
    out = ['--out', str(tmp_path / 'e'), '--instruction', 'use it']
    assert main(['bag', 'import', str(folder), *out]) == 0
    assert [e.instruction for e in load(tmp_path / 'e')] == ['use it', 'use it']


@pytest.mark.parametrize(('image', 'words'), [
    (np.zeros((32, 32), np.uint16), '16 bits per channel'),
    (np.zeros((16, 16, 3), np.uint8), 'another size than before: 16x16, 32x32'),
    (None, 'an image that is not in the parquet file'),
    (b'\xff\xd8\xff', 'not a readable JPEG or PNG'),
])  # fmt: skip
def test_images_of_lerobot_are_checked(
    image: Any, words: str, tmp_path: Path, refused: Any
) -> None:
    if isinstance(image, np.ndarray):
        image = cv2.imencode('.png', image)[1].tobytes()
    good = cv2.imencode('.png', gradient()[0])[1].tobytes()
    column = [{'bytes': good, 'path': 'p'}] * 2 * T
    changed = rows(column, at=2, value={'bytes': image, 'path': 'p'})
    folder = write_lerobot(tmp_path / 'l', 'v3.0', changes={'observation.images.image': changed})
    error = refused(folder)
    assert words in error
    assert 'file-000.parquet row 2 (episode 0): observation.images.image' in error


def test_which_of_several_cameras_is_meant_must_be_said(tmp_path: Path, refused: Any) -> None:
    features = {key: {'dtype': 'image'} for key in ('images.a', 'images.b', 'images.wrist')}
    features |= {key: {'dtype': 'float32'} for key in ('state', 'action')}
    folder = write_lerobot(tmp_path / 'l', 'v3.0', info={'features': features})
    assert 'which of' in refused(folder)


def test_the_generalist_is_not_trained_on_what_was_imported(tmp_path: Path) -> None:
    path = write_libero(tmp_path / 'a.hdf5', 1)
    assert main(['bag', 'import', str(path), '--out', str(tmp_path / 'd')]) == 0
    with pytest.raises(DataError, match='was imported'):
        load_training_data([tmp_path / 'd'], (), 1, progress=False)


def test_few_bytes_of_a_table_that_stand_for_many_are_bounded(tmp_path, monkeypatch):
    words, path = 'x' * 20_000_000, tmp_path / 'a.parquet'
    column = pa.DictionaryArray.from_arrays(np.zeros(20_000, np.int32), [words])
    pq.write_table(pa.table({'words': column}), path)
    assert path.stat().st_size < 2_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = import_lerobot_meta.parquet_rows(path, ['words'])
    assert [len(row['words']) for _, row in itertools.islice(rows, 40)] == [len(words)] * 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB

    pq.write_table(pa.table({'numbers': [[0.0] * 200_000]}), path)
    monkeypatch.setattr(import_lerobot_meta, '_MOST', 1 << 20)
    with pytest.raises(DataError, match='row group 0 may take more than 1 MB'):
        next(import_lerobot_meta.parquet_rows(path, ['numbers']))
