# SPDX-License-Identifier: Apache-2.0
"""Bags as LeRobot datasets: the layout that LeRobot v3.0 reads, and the values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from bag_factory import (
    FAILURE,
    MS,
    START_NS,
    A,
    BagFactory,
    D,
    H,
    S,
    jpeg,
    noise,
    pixels,
    write_bag,
)

from frs_ros.cameras.codec import decode_image
from frs_ros.cli import main
from frs_ros.datasets import demonstrations


@pytest.fixture(scope='module')
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('export')
    with BagFactory(folder / 'b') as bag:
        bag.episode('e0', instruction='open it')
        bag.episode('failed', START_NS + 5000 * MS, outcome=FAILURE)
        bag.episode('e1', START_NS + 10000 * MS, instruction='close it', plans=3)
    assert main(['bag', 'export', str(folder / 'b'), '--out', str(folder / 'd')]) == 0
    return folder / 'd'


def test_the_layout_is_that_of_v3(exported: Path) -> None:
    info = json.loads((exported / 'meta' / 'info.json').read_text())
    assert info['codebase_version'] == 'v3.0'
    assert (info['total_episodes'], info['total_frames'], info['total_tasks']) == (2, 7, 2)
    assert info['fps'] == 10  # 20 Hz, 2 actions of each chunk
    assert info['features']['observation.images.wrist']['shape'] == [48, 64, 3]
    assert info['features']['action']['shape'] == [A]
    assert info['features']['chunk']['shape'] == [H * A]
    assert set(info['features']) >= {'timestamp', 'frame_index', 'episode_index', 'index'}
    for number in range(2):
        path = exported / info['data_path'].format(chunk_index=0, file_index=number)
        assert set(pq.read_schema(path).names) == set(info['features'])
    stats = json.loads((exported / 'meta' / 'stats.json').read_text())
    assert set(stats) == set(info['features'])
    assert np.shape(stats['observation.images.wrist']['mean']) == (3, 1, 1)
    assert stats['action']['count'] == [7]


def test_episodes_and_tasks_are_described(exported: Path) -> None:
    tasks = pq.read_table(exported / 'meta' / 'tasks.parquet')
    assert json.loads(tasks.schema.metadata[b'pandas'])['index_columns'] == ['task']
    assert tasks.to_pylist() == [
        {'task_index': 0, 'task': 'open it'},
        {'task_index': 1, 'task': 'close it'},
    ]
    path = exported / 'meta' / 'episodes' / 'chunk-000' / 'file-000.parquet'
    rows = pq.read_table(path).to_pylist()
    keys = (
        'episode_index', 'length', 'dataset_from_index', 'dataset_to_index', 'data/file_index',
        'data/chunk_index', 'meta/episodes/chunk_index', 'meta/episodes/file_index',
    )  # fmt: skip
    assert [[row[key] for key in keys] for row in rows] == [
        [0, 4, 0, 4, 0, 0, 0, 0],
        [1, 3, 4, 7, 1, 0, 0, 0],
    ]
    assert [row['tasks'] for row in rows] == [['open it'], ['close it']]
    assert rows[0]['stats/action/count'] == [4]


def test_rows_hold_what_the_policy_saw_and_answered(exported: Path) -> None:
    table = pq.read_table(exported / 'data' / 'chunk-000' / 'file-001.parquet').to_pylist()
    for number, row in enumerate(table):
        stamp = START_NS + 10000 * MS + 100 * MS * (number + 1)
        assert row['noise'] == pytest.approx(noise(number).ravel().tolist())
        chunk = np.linspace(-1, 1, H * A) + number
        assert row['chunk'] == pytest.approx(chunk.tolist(), abs=1e-6)
        assert row['action'] == pytest.approx(chunk[:A].tolist(), abs=1e-6)
        assert len(row['observation.state']) == S
        assert (row['frame_index'], row['index'], row['task_index']) == (number, 4 + number, 1)
        assert row['timestamp'] == pytest.approx(0.1 * number)
        assert row['steered'] == (number % 2 == 0)
        # the bytes of the camera, not encoded again
        assert row['observation.images.wrist']['bytes'] == jpeg(stamp, 'wrist').tobytes()
    assert len(table[0]['noise']) == H * D


def test_raw_images_become_png_without_loss(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'b', episodes=1, raw=True)
    assert main(['bag', 'export', str(bag), '--out', str(tmp_path / 'd')]) == 0
    table = pq.read_table(tmp_path / 'd' / 'data' / 'chunk-000' / 'file-000.parquet')
    data = table['observation.images.wrist'][0]['bytes'].as_py()
    assert np.array_equal(decode_image(data), pixels(START_NS + 100 * MS, 'wrist'))


def test_what_is_exported_can_be_imported(exported: Path, tmp_path: Path) -> None:
    assert main(['bag', 'import', str(exported), '--out', str(tmp_path / 'd')]) == 0
    first, second = (demonstrations.load(f) for f in demonstrations.episode_files(tmp_path / 'd'))
    assert (first.instruction, second.instruction) == ('open it', 'close it')
    assert first.actions[1].tolist() == pytest.approx([0, 2 / 11, 4 / 11], abs=1e-6)


def test_missing_noise_does_not_spoil_the_statistics(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'b', noise=np.full(H * D, np.nan, np.float32))
    assert main(['bag', 'export', str(bag), '--out', str(tmp_path / 'd')]) == 0
    assert 'NaN' not in (tmp_path / 'd' / 'meta' / 'stats.json').read_text()


def test_nothing_to_export_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bag = write_bag(tmp_path / 'b', outcome=FAILURE)
    out = str(tmp_path / 'd')
    assert main(['bag', 'export', str(bag), '--out', out]) == 2
    error = capfd.readouterr().err
    assert 'nothing to export is left (2 episodes: failure)' in error
    assert error.count('\n') == 1
    assert not Path(out).exists()
    assert main(['bag', 'export', str(bag), '--out', out, '--outcome', 'all']) == 0
    assert main(['bag', 'export', str(bag), '--out', out, '--outcome', 'all']) == 2
