# SPDX-License-Identifier: Apache-2.0
"""Words that docs/style.md rules out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path('docs') / 'style.md'
PLACES = ('frs_ros', 'docs', 'msg', 'config', 'launch', 'examples')
KINDS = {'.py', '.md', '.msg', '.yaml', '.xml'}
UNTIL = re.compile(r'until 0\.\d')  # a line that keeps an old name working says so


def words_out(page: str) -> list[str]:
    """The left column of the table before the first heading of a section."""
    rows = re.findall(r'^\| ([a-z, ]+) \| ', page.split('\n## ')[0], re.M)
    return [word for row in rows if row != 'out' for word in row.split(', ')]


def found(text: str, words: list[str]) -> list[str]:
    """Lines with one of the words, whole, alone or in a name."""
    pattern = re.compile(rf'(?<![a-z])({"|".join(words)})(?![a-z])', re.I)
    return [line for line in text.splitlines() if pattern.search(line) and not UNTIL.search(line)]


@pytest.fixture(scope='module')
def out(repository):
    words = words_out((repository.root / PAGE).read_text(encoding='utf-8'))
    assert {'wish', 'picture', 'mend'} <= set(words)
    return words


@pytest.mark.parametrize(('line', 'wrong'), [
    ('a Wish is', True), ('_wish_marker', True), ('recommended', False), ('depicture', False),
    ("'wished': GUIDED  # until 0.2", False), ('the pictures', True),
])  # fmt: skip
def test_what_is_looked_for(line, wrong):
    assert bool(found(line, ['wish', 'wished', 'picture', 'pictures', 'mend'])) == wrong


def test_no_word_is_used_that_is_out(repository, out):
    files = [repository.root / 'README.md']
    files += [p for place in PLACES for p in sorted((repository.root / place).rglob('*'))]
    generated = repository.package / 'msg'
    wrong = [
        f'{path.relative_to(repository.root)}: {line.strip()[:100]}'
        for path in files
        if path.suffix in KINDS and path.is_file() and generated not in path.parents
        if path != repository.root / PAGE
        for line in found(path.read_text(encoding='utf-8', errors='replace'), out)
    ]
    assert not wrong
