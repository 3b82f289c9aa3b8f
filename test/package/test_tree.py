# SPDX-License-Identifier: Apache-2.0
"""House rules that hold for files: length, licence line, nothing of a private machine."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

MAX_LINES = 400
LICENCE = '# SPDX-License-Identifier: Apache-2.0'
# Written apart so that this file passes its own test.
PRIVATE = re.compile('|'.join((r'(?<!\w)/wo' + r'rk/', r'(?<!\w)/ro' + r'ot/', r'/ho' + r'me/\w')))


@pytest.fixture(scope='module')
def tracked(repository):
    """Files under version control."""
    if not shutil.which('git') or not (repository.root / '.git').exists():
        pytest.skip('not a git checkout')
    command = ['git', '-c', 'safe.directory=*', 'ls-files', '-z']
    result = subprocess.run(command, cwd=repository.root, capture_output=True, check=True)
    paths = [repository.root / name for name in result.stdout.decode().split('\0') if name]
    return [path for path in paths if path.is_file()]


def test_modules_are_short(modules):
    lengths = {m.name: len(m.path.read_text().splitlines()) for m in modules.values()}
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def test_python_files_name_the_licence(tracked):
    files = [path for path in tracked if path.suffix == '.py']
    assert [str(p) for p in files if not p.read_text().startswith(LICENCE)] == []


def test_no_private_paths(tracked):
    found = {str(p): PRIVATE.findall(p.read_text(errors='replace')) for p in tracked}
    assert {path: hits for path, hits in found.items() if hits} == {}


def test_generated_files_are_not_tracked(tracked, repository):
    names = [str(path.relative_to(repository.root)) for path in tracked]
    generated = re.compile(r'^(frs_ros/msg/|build/|install/|log/|\.venv/)|\.so$|\.pyc$')
    assert [name for name in names if generated.search(name)] == []
