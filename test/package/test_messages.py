# SPDX-License-Identifier: Apache-2.0
"""Messages say what they are: units, frames and invariants stand in their comments."""

from __future__ import annotations

import re

import pytest

FIELD = re.compile(r'^[\w/]+(\[[<=\d]*\])?\s+[a-z]\w*\s*(#.*)?$')
CONSTANT = re.compile(r'^\w+\s+[A-Z]\w*\s*=')


def message_files():
    from pathlib import Path

    return sorted((Path(__file__).resolve().parents[2] / 'msg').glob('*.msg'))


def undocumented(text):
    """Fields with a comment neither beside them nor at the head of their paragraph."""
    missing = []
    for paragraph in re.split(r'\n\s*\n', text):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        headed = bool(lines) and lines[0].startswith('#')
        for line in lines:
            if line.startswith('#') or CONSTANT.match(line):
                continue
            assert FIELD.match(line), f'neither field, constant nor comment: {line}'
            if not headed and '#' not in line:
                missing.append(line)
    return missing


@pytest.mark.parametrize('path', message_files(), ids=lambda p: p.stem)
def test_every_field_is_documented(path):
    text = path.read_text()
    assert text.startswith('# '), 'the first line says what the message is'
    assert undocumented(text) == []


def test_a_bare_field_is_noticed():
    assert undocumented('# What.\n\nuint8 a\nuint8 b  # m\n\n# s\nfloat64 c') == ['uint8 a']


@pytest.mark.ros
def test_messages_are_built():
    """What is imported was generated from the definitions beside this test."""
    import frs_ros.msg

    for path in message_files():
        fields = [
            line.split()[1]
            for line in path.read_text().splitlines()
            if FIELD.match(line) and not CONSTANT.match(line)
        ]
        message = getattr(frs_ros.msg, path.stem)
        assert list(message.get_fields_and_field_types()) == fields
