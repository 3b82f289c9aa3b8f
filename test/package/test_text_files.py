# SPDX-License-Identifier: Apache-2.0
"""Texts are UTF-8, whatever the locale of the machine; files are replaced by one module."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

MODES = set('rwxabt+')
GENERATED = 'msg'  # by rosidl


def _mode(call: ast.Call, *, builtin: bool) -> str | None:
    """Mode in which a call opens a file; None if it says none that is known."""
    values = [*call.args[1 if builtin else 0 :], *(k.value for k in call.keywords)]
    for value in values:
        text = value.value if isinstance(value, ast.Constant) else None
        if isinstance(text, str) and text and set(text) <= MODES:
            return text
    return 'r' if builtin and len(call.args) < 2 else None


def without_encoding(tree: ast.AST) -> Iterator[int]:
    """Lines that open or run something as text and do not say in which encoding."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        name = getattr(call.func, 'attr', getattr(call.func, 'id', ''))
        if 'encoding' in named:
            continue
        if name in ('read_text', 'write_text'):
            wrong = len(call.args) < (1 if name == 'read_text' else 2)
        elif name in ('open', 'fdopen', 'NamedTemporaryFile', 'TemporaryFile'):
            mode = _mode(call, builtin=isinstance(call.func, ast.Name) or name == 'fdopen')
            wrong = mode is not None and 'b' not in mode
        else:  # of subprocess
            flags = (named.get('text'), named.get('universal_newlines'))
            wrong = any(isinstance(flag, ast.Constant) and flag.value is True for flag in flags)
        if wrong:
            yield call.lineno


@pytest.mark.parametrize(('line', 'wrong'), [
    ('open(path)', True), ("open(path, 'a')", True), ("open(path, 'rb')", False),
    ("path.open('w')", True), ("path.open('wb')", False), ("open(path, encoding='utf-8')", False),
    ('path.read_text()', True), ("path.read_text('utf-8')", False), ('path.write_text(x)', True),
    ("path.write_text(x, encoding='utf-8')", False), ('mouse.open()', False),
    ("os.fdopen(handle, 'w')", True), ("os.fdopen(handle, 'wb')", False),
    ('subprocess.run(words, text=True)', True), ('subprocess.run(words)', False),
])  # fmt: skip
def test_what_is_looked_for(line: str, wrong: bool) -> None:
    assert list(without_encoding(ast.parse(line))) == [1] * wrong


def test_no_text_is_opened_in_the_encoding_of_the_locale(repository) -> None:
    found = [
        f'{path.relative_to(repository.root)}:{line}'
        for path in sorted(repository.package.rglob('*.py'))
        if path.relative_to(repository.package).parts[0] != GENERATED
        for line in without_encoding(ast.parse(path.read_text(encoding='utf-8')))
    ]
    assert not found, 'say encoding=: the locale of a robot may be ASCII'


# Modules that write in place, and why that is right there.
IN_PLACE = {
    'files.py': 'the module that replaces files',
    'bags/write/bag_metadata.py': 'replaces its file itself, without waiting for the disk',
    'bags/read/compressed_bag.py': 'a temporary copy of a bag',
    'bags/read/sqlite_guard.py': 'a temporary copy of a bag',
    'guidance/operator/devices/recording.py': 'line by line for as long as the process lives',
    'bringup/listeners/recorded_run.py': 'a log',
    'bringup/listeners/recorder_bench.py': 'a log',
}
STREAMS = {'savefig', 'savez', 'savez_compressed'}  # take a file or something in its place
GIVEN = {'temporary', 'image', 'content'}  # the name of a new file, or memory


def writes_in_place(tree: ast.AST) -> Iterator[int]:
    """Lines that may leave a part of a file behind."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, 'attr', getattr(call.func, 'id', ''))
        if name in STREAMS:
            wrong = getattr(call.args[0], 'id', '') not in GIVEN
        elif name == 'open':
            mode = _mode(call, builtin=isinstance(call.func, ast.Name)) or ''
            wrong = bool(set(mode) & set('wxa+'))
        else:
            wrong = name in ('write_text', 'write_bytes', 'imwrite', 'save_file', 'tofile')
        if wrong:
            yield call.lineno


@pytest.mark.parametrize(('line', 'wrong'), [
    ("open(path, 'a')", True), ("open(path, 'rb')", False), ("path.open('xb')", True),
    ('path.write_bytes(data)', True), ('figure.savefig(path)', True), ('mouse.open()', False),
    ('figure.savefig(image, dpi=110)', False), ('np.savez(path, a=a)', True),
    ("cv2.imwrite('a.png', a)", True), ('np.savez(temporary, a=a)', False),
])  # fmt: skip
def test_what_writes_in_place(line: str, wrong: bool) -> None:
    assert list(writes_in_place(ast.parse(line))) == [1] * wrong


def test_files_are_replaced_by_one_module(repository) -> None:
    found = {
        path.relative_to(repository.package).as_posix(): f'line {line}'
        for path in sorted(repository.package.rglob('*.py'))
        if path.relative_to(repository.package).parts[0] != GENERATED
        for line in writes_in_place(ast.parse(path.read_text(encoding='utf-8')))
    }
    wrong = {name: line for name, line in found.items() if name not in IN_PLACE}
    assert not wrong, 'write with frs_ros.files, so that no file is ever half there'
    assert not IN_PLACE.keys() - found.keys(), 'no longer needed'


def test_the_command_reads_and_prints_other_letters_in_an_ascii_locale(tmp_path) -> None:
    """Settings with letters beyond ASCII, on a machine without any UTF-8."""
    settings = {'suite': 'libero_object', 'tasks': [0], 'target': 'öl'}
    (tmp_path / 'episodes').mkdir()
    content = json.dumps({'settings': settings}, ensure_ascii=False)
    (tmp_path / 'dataset.json').write_text(content, encoding='utf-8')
    program = (
        'import sys; from pathlib import Path; from frs_ros import cli\n'
        'from frs_ros.datasets import demonstrations\n'
        'cli._run = lambda argv: print(demonstrations.describe(Path(argv[0])))\n'
        'sys.exit(cli.main(sys.argv[1:]) or 0)'
    )
    environment = {**os.environ, 'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
    done = subprocess.run(
        [sys.executable, '-c', program, str(tmp_path)], env=environment, capture_output=True,
        check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b'')
    assert b"'\\xf6l'" in done.stdout
