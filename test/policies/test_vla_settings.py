# SPDX-License-Identifier: Apache-2.0
"""Parameter files of large policies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.description import interface_of, read_metadata, resolve
from frs_ros.policies.vla.settings import RANDOM, read_settings

EXAMPLES = Path(__file__).parents[2] / 'examples' / 'policies'
GOOD = {
    'stack': 'openpi',
    'checkpoint': 'weights',
    'config': 'pi05_droid',
    'cameras': {'scene': 'observation/image', 'hand': 'observation/wrist_image'},
    'state': {'observation/joint_position': 7, 'observation/gripper_position': 1},
    'instruction': {'input': 'prompt'},
    'action': {'space': 'joint_position', 'control_hz': 15, 'execute_steps': 8, 'delta': [7, -1]},
    'normalisation': {'kind': 'quantiles', 'file': 'norm_stats.json'},
}


@pytest.fixture
def write(tmp_path):
    def written(data=None, **changes):
        path = tmp_path / 'policy.yaml'
        data = {**GOOD, **changes} if data is None else data
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        return path

    return written


def test_values_and_defaults(write, tmp_path):
    settings = read_settings(write())
    assert settings.checkpoint == tmp_path / 'weights'
    assert settings.statistics == tmp_path / 'weights' / 'norm_stats.json'
    assert list(settings.cameras) == ['scene', 'hand']
    assert settings.action.delta == (7, -1)
    assert (settings.action.steps, settings.default_instruction) == (0, '')
    assert (settings.device, settings.dtype, settings.compile) == ('cuda', 'bfloat16', 'none')


def test_paths_may_be_absolute_or_at_home(write, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path / 'me'))
    assert read_settings(write(checkpoint='~/pi')).checkpoint == tmp_path / 'me' / 'pi'
    assert read_settings(write(checkpoint='/data/pi')).checkpoint == Path('/data/pi')


def test_a_tokenizer_is_a_folder_or_a_name(write, tmp_path):
    lerobot = {k: v for k, v in GOOD.items() if k != 'config'} | {'stack': 'lerobot'}
    assert read_settings(write({**lerobot, 'tokenizer': 'words'})).tokenizer == 'words'
    (tmp_path / 'words').mkdir()
    found = read_settings(write({**lerobot, 'tokenizer': 'words'})).tokenizer
    assert found == str(tmp_path / 'words')


ACTION, NORMALISATION = GOOD['action'], GOOD['normalisation']


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'stack': 'gr00t'}, "stack is 'gr00t'; choose one of: openpi, lerobot, random"),
        ({'camera': {}}, "unknown key 'camera'; known are: stack, checkpoint"),
        ({'cameras': {}}, 'cameras must map at least one name to a str'),
        ({'cameras': {'a': 3}}, 'cameras must map'),
        ({'cameras': ['a']}, 'cameras must be a mapping'),
        (
            {'cameras': {'observation.images.top': 'scene'}},
            "cameras: 'observation.images.top' can",
        ),
        (
            {'cameras': {'top-camera': 'scene'}},
            "'top-camera' cannot be part of a topic; our names",
        ),
        ({'cameras': {'1left': 'scene'}}, "'1left' cannot be part of a topic"),
        ({'cameras': {'left ': 'scene'}}, "'left ' cannot be part of a topic"),
        ({'cameras': {'wärist': 'scene'}}, 'cannot be part of a topic'),
        ({'cameras': {'': 'scene'}}, "'' cannot be part of a topic"),
        ({'cameras': {'a': 'image', 'b': 'image'}}, "'image' is the name of 2 inputs"),
        ({'state': {'observation/image': 8}}, "'observation/image' is the name of 2 inputs"),
        (
            {'instruction': {'input': 'observation/joint_position'}},
            'joint_position. is the name of',
        ),
        ({'state': {'a': 'all'}}, 'state must map at least one name to a int'),
        ({'state': {'a': -7}}, 'state must say how many'),
        ({'checkpoint': 7}, 'checkpoint must be a text, not 7'),
        ({'config': ''}, 'config must be a text'),
        ({'tokenizer': 'x'}, "unknown key 'tokenizer'"),
        ({'instruction': {}}, "key 'instruction.input' is missing"),
        ({'instruction': {'input': 'prompt', 'lower': True}}, "unknown key 'instruction.lower'"),
        ({'action': {**ACTION, 'space': 'joints'}}, "action.space is 'joints'; choose one of"),
        ({'action': {**ACTION, 'control_hz': '15'}}, r"action.control_hz .*\[1, 1000\], not '15'"),
        ({'action': {**ACTION, 'control_hz': float('nan')}}, 'action.control_hz must be a number'),
        ({'action': {**ACTION, 'control_hz': True}}, 'action.control_hz must be a number'),
        ({'action': {**ACTION, 'execute_steps': 2.5}}, 'action.execute_steps must be a whole'),
        ({'action': {**ACTION, 'delta': 7}}, r'action.delta must be a list such as \[7, -1\]'),
        ({'action': {**ACTION, 'horizon': 10}}, "unknown key 'action.horizon'"),
        ({'normalisation': {'kind': 'quantile'}}, "normalisation.kind is 'quantile'"),
        ({'normalisation': {'kind': 'quantiles'}}, "key 'normalisation.file' is missing"),
        ({'normalisation': {**NORMALISATION, 'clip': 1}}, "unknown key 'normalisation.clip'"),
        ({'dtype': 'float16'}, "dtype is 'float16'; choose one of: float32, bfloat16"),
        ({'stack': 'random'}, "normalisation.kind is 'quantiles'; choose one of: none"),
        ({'compile': True}, 'compile must be a text, not True'),
        ({'compile': 'fast'}, "compile is 'fast'; choose one of: none, default"),
    ],
)
def test_mistakes_are_named_in_one_line(write, changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        read_settings(write(**changes))
    assert 'policy.yaml: ' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['agentview', '_left', 'exterior_image_1_left', 'Wrist2'])
def test_names_of_cameras_are_those_of_topics(write, name):
    assert list(read_settings(write(cameras={name: 'observation/image'})).cameras) == [name]


@pytest.mark.parametrize('key', GOOD)
def test_nothing_may_be_missing(write, key):
    with pytest.raises(ConfigError, match=f"key '{key}' is missing"):
        read_settings(write({k: v for k, v in GOOD.items() if k != key}))


def test_files_that_are_none(tmp_path):
    path = tmp_path / 'policy.yaml'
    with pytest.raises(CheckpointError, match=r'no policy file at .*No such file'):
        read_settings(path)
    for content, message in ((': {', 'not readable as YAML'), ('[1]', 'must be a mapping')):
        path.write_text(content)
        with pytest.raises(ConfigError, match=message) as caught:
            read_settings(path)
        assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('[' * 100_000, 'nested too deeply'),
        ('stack: &a [*a, *a]', 'its aliases make it too large'),
        ('dtype: float32\nstack: random\ndtype: bfloat16\n', "key 'dtype' stands twice"),
    ],
)
def test_hostile_files_are_one_line(tmp_path, text, words):
    path = tmp_path / 'policy.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_settings(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    'changes',
    [
        {'dtype': ['x' * 1_000] * 100},
        {'cameras': {'a': list(range(100_000))}},
        {'state': {'observation/state': 10**9}},
        {'action': {**ACTION, 'delta': [10**9]}},  # of which a mask is made
        {'action': {**ACTION, 'delta': [1] * 2000}},
        {'action': {**ACTION, 'control_hz': 10**200}},
    ],
)
def test_huge_values_are_refused_in_a_bounded_line(write, changes):
    with pytest.raises(ConfigError, match=next(iter(changes))) as caught:
        read_settings(write(**changes))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize('path', sorted(EXAMPLES.glob('*.yaml')), ids=lambda p: p.stem)
def test_examples_are_good(path):
    settings = read_settings(path)
    assert sum(settings.state.values()) == 8  # what our nodes put into an observation
    if settings.stack == RANDOM:
        return  # no cell takes it
    said = interface_of(str(path))
    assert said.space == settings.action.space
    assert said.cameras == tuple(settings.cameras)


def test_droid_example_fits_the_cell():
    wanted = interface_of('random_droid')
    assert interface_of(str(EXAMPLES / 'pi05_droid.yaml')) == wanted


def test_what_a_policy_file_needs_is_known_without_torch(write):
    code = (
        'import sys; from frs_ros.policies.description import interface_of; '
        f'print(interface_of({str(write())!r}).cameras); sys.exit("torch" in sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=60)


def test_a_policy_file_is_its_own_description(write):
    path = write()
    assert resolve(str(path)) == path
    assert read_metadata(path) == {}
    with pytest.raises(CheckpointError, match=r'no checkpoint at .*none\.yaml'):
        resolve('none.yaml')
