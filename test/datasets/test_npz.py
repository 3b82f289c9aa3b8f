# SPDX-License-Identifier: Apache-2.0
"""Arrays of files that nobody vouches for: read as they are, or refused in a line."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from frs_ros.datasets.npz import SLACK, read_npz
from frs_ros.errors import DataError

ARRAYS = {
    'rows': np.arange(12.0).reshape(3, 4),
    'words': np.array('pick up the milk'),
    'fortran': np.asfortranarray(np.arange(6).reshape(2, 3)),
    'empty': np.zeros((0, 7)),
}


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, allow_pickle=True)
    return content.getvalue()


def write(path: Path, content: bytes, name: str = 'rows.npy') -> Path:
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_arrays_are_those_that_were_saved_and_can_be_written_to(tmp_path, save) -> None:
    save(tmp_path / 'a.npz', **ARRAYS)
    found = read_npz(tmp_path / 'a.npz', list(ARRAYS))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    found['rows'][0, 0] = 5.0


def test_one_that_grows_too_much_is_refused_before_it_is_read(tmp_path) -> None:
    path = tmp_path / 'bomb.npz'
    archive = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED)
    with archive, archive.open('rows.npy', 'w') as file:
        for _ in range(16):
            file.write(bytes(SLACK))
    assert path.stat().st_size < 2_000_000
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(DataError, match='would take 1074 MB'):
        read_npz(path, ['rows'])
    assert time.process_time() - began < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize(
    ('content', 'line'),
    [
        (npy(np.arange(4.0)).replace(b'(4,)', b'(9,)'), 'does not hold as much as it says'),
        (npy(np.arange(4.0))[:-8], 'does not hold as much as it says'),
        (npy(np.array([{}], dtype=object)), 'holds objects, not numbers'),
        (npy(np.arange(4.0)).replace(b'<f8', b'<q9'), 'dtype'),
        (b'\x93NUMPY\x09\x00', 'format'),
        (b'', 'EOF'),
    ],
    ids=['longer', 'shorter', 'objects', 'dtype', 'version', 'empty'],
)
def test_what_is_no_array_is_one_line(tmp_path, content: bytes, line: str) -> None:
    path = write(tmp_path / 'a.npz', content)
    with pytest.raises(DataError, match='not a readable episode') as refused:
        read_npz(path, ['rows'])
    assert '\n' not in str(refused.value)
    assert line in str(refused.value)


def test_missing_files_arrays_and_archives_are_one_line(tmp_path) -> None:
    whole = write(tmp_path / 'a.npz', npy(np.arange(4.0)))
    cut = tmp_path / 'cut.npz'
    cut.write_bytes(whole.read_bytes()[:-30])
    for path, names in ((whole, ['others']), (cut, ['rows']), (tmp_path / 'none.npz', ['rows'])):
        with pytest.raises(DataError, match=f'{path.name} is not a readable demonstration'):
            read_npz(path, names, 'demonstration')
