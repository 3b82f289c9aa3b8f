# SPDX-License-Identifier: Apache-2.0
"""JSON and YAML from outside: one line for what is wrong, and nothing that grows without bound."""

from __future__ import annotations

import pytest

from frs_ros.documents import parse_json, parse_yaml, read_json, read_yaml
from frs_ros.errors import ConfigError, DataError
from frs_ros.text import shown

BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(["*" + before] * 9)}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)


def test_reads_what_is_right(tmp_path):
    file = tmp_path / 'file'
    file.write_bytes('{"key": ["ö", 1.5, null]}'.encode())
    assert read_json(file) == read_yaml(file) == {'key': ['ö', 1.5, None]}
    assert parse_yaml('base: &b {x: 1}\nmore: {<<: *b, y: 2}', 'it')['more'] == {'x': 1, 'y': 2}
    assert parse_json(b'\xef\xbb\xbf{}', 'it') == {}


@pytest.mark.parametrize('parse', [parse_json, parse_yaml])
@pytest.mark.parametrize(
    'text',
    ['[' * 100_000, '{"a":' * 5000, '[1, ', b'\xff\xfe\x00', ' ' * (17 << 20)],
    ids=['brackets', 'braces', 'cut', 'binary', 'large'],
)
def test_what_is_wrong_is_one_bounded_line(parse, text):
    with pytest.raises(ConfigError, match=r'^the text: not readable as (JSON|YAML): ') as caught:
        parse(text, 'the text', ConfigError)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_key_twice_is_refused_with_its_line():
    with pytest.raises(DataError, match="key 'dtype' stands twice, again in line 3"):
        parse_yaml('dtype: a\nother: b\ndtype: c\n', 'it')


@pytest.mark.parametrize('text', [BOMB, 'a: &a [*a, *a]'], ids=['bomb', 'itself'])
def test_aliases_that_multiply_are_refused(text):
    with pytest.raises(DataError, match='its aliases make it too large'):
        parse_yaml(text, 'it')


def test_no_python_object_is_made():
    with pytest.raises(DataError, match='could not determine a constructor'):
        parse_yaml('!!python/object/apply:os.system ["true"]', 'it')


def test_missing_and_large_files_are_named(tmp_path):
    with pytest.raises(DataError, match='nothing: No such file'):
        read_json(tmp_path / 'nothing')
    with (tmp_path / 'large').open('wb') as file:
        file.truncate(1 << 34)
    with pytest.raises(DataError, match='large: larger than 4 MiB'):
        read_yaml(tmp_path / 'large')


@pytest.mark.parametrize(
    'value',
    ['x' * 10**6, [[[]]] * 10**5, '\x1b[2J\n', 10**5000],
    ids=['text', 'list', 'escape', 'integer'],
)
def test_shown_values_are_one_bounded_line(value):
    text = shown(value)
    assert len(text) < 130
    assert text.isprintable()


def test_a_key_twice_in_json_is_refused():
    with pytest.raises(DataError, match="key 'dtype' stands twice"):
        parse_json('[{"dtype": 1, "x": 2, "dtype": 3}]', 'it')


@pytest.mark.parametrize('parse', [parse_json, parse_yaml])
def test_depth_and_integers_have_limits(parse):
    assert parse('[' * 64 + ']' * 64, 'it')
    with pytest.raises(DataError, match='nested too deeply'):
        parse('[' * 65 + ']' * 65, 'it')
    assert parse('[12345678901234567890, -3]', 'it') == [12345678901234567890, -3]
    with pytest.raises(DataError, match='integer'):
        parse('9' * 301, 'it')


def test_a_hexadecimal_integer_that_no_float_holds_is_refused():
    assert parse_yaml('0x10', 'it') == 16
    with pytest.raises(DataError, match='it: not readable as YAML: an integer of more than 300'):
        parse_yaml('x: 0x' + 'F' * 5000, 'it')
