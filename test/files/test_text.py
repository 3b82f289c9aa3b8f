# SPDX-License-Identifier: Apache-2.0
"""Text from outside: nothing of it steers a terminal, forges a line or grows without bound."""

from __future__ import annotations

import pytest

from frs_ros.errors import ConfigError, DataError, choose
from frs_ros.text import one_line, printable, shown

FORGED = 'id\x1b[2K\r\n[franka_controller] INFO: all is well\x07\u202e\x9b31m'


@pytest.mark.parametrize('make', [printable, one_line, shown, lambda text: str(DataError(text))])
def test_nothing_steers_a_terminal_or_forges_a_line(make):
    line = make(FORGED)
    assert line.isprintable()
    assert '\\x1b[2K' in line
    assert 'all is well' in line


@pytest.mark.parametrize('make', [printable, one_line, shown, lambda text: str(DataError(text))])
def test_length_is_bounded(make):
    assert len(make('\x1b' * 10_000_000)) < 10_000


def test_ordinary_text_stays_as_it_is():
    text = "öffne die Schublade: 'x'  42 %\t(日本語)"
    assert printable(text) == text
    assert str(ConfigError('two  blanks')) == 'two  blanks'
    assert one_line(' two\n  lines ') == 'two lines'


def test_lone_surrogates_can_be_written():
    assert printable('a\udcffb').encode() == b'a\\udcffb'


def test_shown_survives_what_cannot_be_written_out():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert len(shown(deep)) < 200
    assert shown(16**5000) == 'a value of type int'
    assert shown({'key': ['x'] * 1000}).startswith("{'key': ['x', ")


def test_a_choice_is_shown_bounded():
    with pytest.raises(ConfigError) as caught:
        choose('method', FORGED + 'x' * 1_000_000, ['a', 'b'])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
    assert str(caught.value).endswith('choose one of: a, b')
