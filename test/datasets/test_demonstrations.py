# SPDX-License-Identifier: Apache-2.0
from dataclasses import fields, replace

import numpy as np
import pytest

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.datasets import demonstrations
from frs_ros.errors import DataError
from frs_ros.types import AGENTVIEW, WRIST


@pytest.fixture
def demonstration():
    empty = np.zeros(0)
    bare = demonstrations.Demonstration(
        3, 12, 'milk_1', ('butter_1', 'milk_1', 'basket_1'), 'pick up the milk',
        np.ones((7, 8)), np.ones((7, 7), np.float32), np.ones((7, 20)),
        empty, empty, empty, empty, empty, empty,
    )  # fmt: skip
    greys = [np.full((16, 16, 3), level, np.uint8) for level in (10, 120, 240)]
    images = {
        AGENTVIEW: [encode_jpeg(g) for g in greys],
        WRIST: [encode_jpeg(255 - g) for g in greys],
    }
    return bare.with_images(np.array([0, 3, 5]), np.ones((3, 2, 3, 2), np.float32), images)


def test_an_episode_survives_the_disk(demonstration, tmp_path):
    path = tmp_path / 'episodes' / '00000.npz'
    demonstrations.save(demonstration, path)
    back = demonstrations.load(path)
    for field in fields(demonstrations.Demonstration):
        np.testing.assert_array_equal(
            getattr(back, field.name), getattr(demonstration, field.name)
        )
    assert [p.mean() for p in back.decode_frames(AGENTVIEW)] == pytest.approx(
        [10, 120, 240], abs=2
    )
    assert [p.mean() for p in back.decode_frames(WRIST)] == pytest.approx([245, 135, 15], abs=2)
    assert list(tmp_path.rglob('*.tmp')) == []


@pytest.mark.parametrize('cut', [0, 10, 0.5])
def test_truncated_files_are_named(demonstration, tmp_path, cut):
    path = tmp_path / '00000.npz'
    demonstrations.save(demonstration, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data)) if cut < 1 else cut])
    with pytest.raises(DataError, match=r'00000\.npz is not a readable demonstration'):
        demonstrations.load(path)


def test_other_npz_files_are_refused(tmp_path):
    path = tmp_path / 'x.npz'
    np.savez(path, a=np.zeros(3))
    with pytest.raises(DataError, match='not a readable demonstration'):
        demonstrations.load(path)


def test_pickled_arrays_are_refused(demonstration, tmp_path):
    path = tmp_path / '00000.npz'
    values = {f.name: np.asarray(getattr(demonstration, f.name)) for f in fields(demonstration)}
    np.savez(path, **{**values, 'state': np.array([{'code': 'evil'}], dtype=object)})
    with pytest.raises(DataError):
        demonstrations.load(path)


def test_an_empty_dataset_tells_how_to_make_one(tmp_path):
    with pytest.raises(DataError, match='frs collect'):
        demonstrations.episode_files(tmp_path)


def test_digest_depends_on_the_episodes(demonstration, tmp_path):
    path = tmp_path / 'episodes' / '00000.npz'
    demonstrations.save(demonstration, path)
    first = demonstrations.digest(tmp_path)
    assert demonstrations.digest(tmp_path) == first
    demonstrations.save(replace(demonstration, init_id=13), path)
    assert demonstrations.digest(tmp_path) != first
