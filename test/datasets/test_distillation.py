# SPDX-License-Identifier: Apache-2.0
"""Datasets of noise on disk: whole, or one clear line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from frs_ros.datasets import distillation
from frs_ros.datasets.distillation import (
    DatasetWriter,
    DistillationDataset,
    DistillationEpisode,
    DistillationInfo,
    PolicyInfo,
    Source,
)
from frs_ros.errors import DataError

INFO = DistillationInfo(
    PolicyInfo('0123456789abcdef', 4, 3, 5, 'cartesian_delta', 20.0),
    ('agentview', 'wrist'),
    8,
    6,
    (Source('bag', 'ff'),),
    {'chunks without noise': 2},
)


def make_episode(rows: int = 3, seed: int = 0, **changes: object) -> DistillationEpisode:
    rng = np.random.default_rng(seed)
    values: dict[str, object] = {
        'id': f'e{seed}',
        'instruction': 'turn on the stove',
        'outcome': 'success',
        'seed': 2**63 + seed,
        'source': 'bag',
        'images': {c: rng.integers(0, 256, (rows, 8, 8, 3), np.uint8) for c in INFO.cameras},
        'state': rng.normal(size=(rows, 6)),
        'noise': rng.normal(size=(rows, 4, 5)).astype(np.float32),
        'actions': rng.normal(size=(rows, 4, 3)),
        'executed': np.full(rows, 2),
        'stamp_ns': np.arange(rows) * 10,
        'method': np.array(['frs'] * rows),
        'steered': np.array([True] * rows),
    }
    return DistillationEpisode(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def dataset() -> DistillationDataset:
    return DistillationDataset(INFO, (make_episode(), make_episode(5, 1, outcome='failure')))


def test_what_is_saved_is_loaded(dataset: DistillationDataset, tmp_path: Path) -> None:
    distillation.save_dataset(dataset, tmp_path / 'd')
    loaded = distillation.load_dataset(tmp_path / 'd')
    assert loaded.info == INFO
    assert loaded.samples == 8
    for ours, theirs in zip(dataset.episodes, loaded.episodes, strict=True):
        for field in dataclasses.fields(DistillationEpisode):
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            if field.name == 'images':
                assert all(np.array_equal(a[c], b[c]) for c in INFO.cameras)
            else:
                assert np.array_equal(a, b), field.name


def test_digest_is_of_the_contents_not_of_the_source(
    dataset: DistillationDataset, tmp_path: Path
) -> None:
    distillation.save_dataset(dataset, tmp_path / 'd')
    assert distillation.digest(tmp_path / 'd') == dataset.digest()
    renamed = tuple(dataclasses.replace(e, source='live') for e in dataset.episodes)
    assert DistillationDataset(INFO, renamed).digest() == dataset.digest()
    noise = dataset.episodes[0].noise.copy()
    noise[0, 0, 0] += 1e-3
    changed = dataclasses.replace(dataset.episodes[0], noise=noise)
    assert DistillationDataset(INFO, (changed, dataset.episodes[1])).digest() != dataset.digest()


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        ({'noise': np.zeros((3, 4, 6), np.float32)}, 'noise has shape'),
        ({'noise': np.full((3, 4, 5), np.nan, np.float32)}, 'noise is not finite'),
        ({'state': np.zeros((2, 6))}, 'state has shape'),
        ({'outcome': 'fine'}, "outcome 'fine'"),
        ({'images': {'agentview': np.zeros((3, 8, 8, 3), np.uint8)}}, 'cameras'),
        ({'images': {c: np.zeros((3, 8, 8, 3)) for c in INFO.cameras}}, 'not uint8'),
    ],
)
def test_an_episode_that_does_not_fit_is_refused(
    changes: dict[str, object], text: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=text):
        DatasetWriter(tmp_path / 'd').add(make_episode(**changes), INFO)


def test_an_unfinished_folder_is_no_dataset(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / 'd')
    writer.add(make_episode(), INFO)
    with pytest.raises(DataError, match='frs bag convert'):
        distillation.load_dataset(tmp_path / 'd')
    with pytest.raises(DataError, match='exists'):
        DatasetWriter(tmp_path / 'd')
    writer.discard()
    assert not (tmp_path / 'd').exists()


def test_broken_folders_are_one_line(dataset: DistillationDataset, tmp_path: Path) -> None:
    folder = tmp_path / 'd'
    distillation.save_dataset(dataset, folder)
    description = folder / 'dataset.json'
    text = description.read_text()
    deep = '[' * 100_000
    for broken in ('{', '[]', '7', deep, '{"kind": "frs_distillation", "version": 1}'):
        description.write_text(broken)
        with pytest.raises(DataError, match=r'dataset\.json'):
            distillation.load_dataset(folder)
    for key in ('kind', 'version', 'episodes', 'cameras', 'sources', 'policy'):
        description.write_text(json.dumps({**json.loads(text), key: ['x' * 99] * 999}))
        with pytest.raises(DataError) as caught:
            distillation.load_dataset(folder)
        assert len(str(caught.value)) < 600
    huge = text.replace('"state_dim": ', '"state_dim": ' + '9' * 9000)
    description.write_text(huge)
    with pytest.raises(DataError, match=r'dataset\.json'):
        distillation.load_dataset(folder)
    for key, value in {'kind': 'other', 'version': 99, 'state_dim': 7, 'episodes': 0}.items():
        description.write_text(json.dumps({**json.loads(text), key: value}))
        with pytest.raises(DataError):
            distillation.load_dataset(folder)
    for key, value in {'cameras': [[]], 'episodes': 10**12, 'image_size': 'x'}.items():
        description.write_text(json.dumps({**json.loads(text), key: value}))
        with pytest.raises(DataError, match=r'no readable dataset\.json: ValueError'):
            distillation.load_dataset(folder)
    description.write_text(text)
    file = folder / 'episodes' / '0001.npz'
    data = file.read_bytes()
    for cut in (0, 10, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:cut])
        with pytest.raises(DataError, match='0001'):
            distillation.load_dataset(folder)
    file.unlink()
    with pytest.raises(DataError, match='0001'):
        distillation.load_dataset(folder)
