# SPDX-License-Identifier: Apache-2.0
"""Training on noise labels: what is learned, what is refused, what is written."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from noise_dataset import TASK, make_dataset

from frs_ros.cli import main
from frs_ros.datasets.distillation import save_dataset
from frs_ros.errors import CheckpointError, ConfigError, DataError
from frs_ros.policies.noise.checkpoint import load_noise_policy, save_noise_policy
from frs_ros.policies.noise.policy import ClonedPolicy, DistilledNetwork, NoisePolicy
from frs_ros.training.distilled.config import DistilConfig
from frs_ros.training.distilled.loop import History, padded, scheduled_rate, shifted
from frs_ros.training.distilled.numbers import errors
from frs_ros.training.distilled.training import distil, learn, prepare
from frs_ros.types import Observation

QUICK = DistilConfig(steps=3, batch=4, threads=1, val_episodes=1)
STATE = np.array([0.1, -0.2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])


def observation(cameras=('agentview', 'wrist'), instruction=TASK, size=100):
    images = {c: np.full((size, size, 3), 90, np.uint8) for c in cameras}
    return Observation(images, STATE, instruction)


def run(folder, dataset=None, kind='dsbc', config=QUICK):
    """Trains and writes the checkpoint alone; the metrics."""
    learned = learn(dataset or make_dataset(), 'made', kind, config, progress=False)
    path = folder / f'{kind}.safetensors'
    save_noise_policy(learned.network, learned.lesson.description, path)
    return learned.metrics


@pytest.mark.parametrize(
    ('kind', 'variant'),
    [('dsbc', 'repeated'), ('dsbc', 'chunk'), ('dsbc', 'chunk_nll'), ('bc', 'auto')],
)
def test_the_same_seed_gives_the_same_bytes(tmp_path, kind, variant):
    config = replace(QUICK, variant=variant)
    for name in ('a', 'b'):
        run(tmp_path / name, kind=kind, config=config)
    run(tmp_path / 'c', kind=kind, config=replace(config, seed=1))
    for suffix in ('safetensors', 'json'):
        first, again, other = (
            (tmp_path / name / f'{kind}.{suffix}').read_bytes() for name in 'abc'
        )
        assert first == again
        assert first != other


@pytest.mark.parametrize('variant', ['repeated', 'chunk', 'chunk_nll'])
def test_a_tiny_dataset_is_learned_by_heart(tmp_path, variant):
    dataset = make_dataset(episodes=1, rows=6, cameras=('agentview',), size=32)
    config = DistilConfig(
        variant=variant,
        steps=250,
        batch=6,
        learning_rate=3e-3,
        augment='none',
        val_episodes=0,
        threads=1,
        defer=False,
    )
    metrics = run(tmp_path, dataset, config=config)
    assert metrics['error']['train']['explained'] > 0.95
    assert metrics['history'][-1]['train'] < metrics['history'][0]['train']


def test_images_alone_are_enough(tmp_path):
    dataset = make_dataset(episodes=1, rows=6, cameras=('agentview',), size=32)
    config = DistilConfig(
        steps=250, batch=6, learning_rate=3e-3, augment='none', val_episodes=0, proprio=False
    )
    metrics = run(tmp_path, dataset, config=replace(config, threads=1, defer=False))
    assert metrics['error']['train']['explained'] > 0.95


def test_cloning_repeats_the_actions_it_has_seen(tmp_path):
    dataset = make_dataset(episodes=1, rows=2, cameras=(), horizon=3)
    config = DistilConfig(
        steps=400, batch=16, learning_rate=3e-3, augment='none', val_episodes=0, threads=1
    )
    run(tmp_path, dataset, 'bc', config)
    policy = load_noise_policy(tmp_path / 'bc.safetensors', ClonedPolicy)
    episode = dataset.episodes[0]
    fresh = np.random.default_rng(0).standard_normal((3, 7), dtype=np.float32)
    for row in range(2):
        chunk = policy.chunk(Observation({}, episode.state[row], TASK), fresh)
        assert np.abs(chunk - episode.actions[row]).max() < 0.1


def test_what_is_written_tells_all(tmp_path):
    dataset = make_dataset(episodes=4, outcomes=('success', 'failure', 'success', 'success'))
    config = replace(QUICK, defer=False)
    metrics = distil(dataset, 'made', tmp_path, 'dsbc', config, progress=False)
    assert metrics['samples'] == 16
    assert metrics['held_out_samples'] == 8
    assert metrics['data']['left_out_episodes'] == 1
    assert metrics['data']['digest'] == dataset.digest()
    assert metrics['seconds'] > 0
    assert metrics['peak_memory_mb'] > 50
    assert set(metrics['loss']) == {'train', 'val'}
    assert set(metrics['error']) == {'train', 'held_out'}
    assert set(metrics['labels']) == {'all', 'steered', 'unsteered'}
    assert (tmp_path / 'report.png').read_bytes().startswith(b'\x89PNG')
    assert json.loads((tmp_path / 'metrics.json').read_text()) == json.loads(json.dumps(metrics))
    description = json.loads((tmp_path / 'dsbc.json').read_text())
    assert description['training']['data']['digest'] == dataset.digest()
    assert description['generalist']['policy_id'] == '0123456789abcdef'
    assert description['architecture']['variant'] == 'repeated'


def test_the_variant_follows_the_action_space():
    joints = make_dataset(space='joint_delta', action_dim=8, model_dim=32, horizon=15)
    lesson = prepare(joints, 'made', 'dsbc', QUICK)
    assert lesson.description.architecture.variant == 'chunk'
    assert lesson.description.architecture.width == 256
    assert lesson.samples.target.shape[1:] == (15, 8)  # the padding is not learned


def test_only_successes_are_learned_from():
    dataset = make_dataset(episodes=3, outcomes=('failure', 'aborted', 'failure'))
    with pytest.raises(DataError, match=r'no successful episode .*1 aborted, 2 failure'):
        prepare(dataset, 'made', 'dsbc', QUICK)


def test_something_must_be_left_to_learn_from():
    with pytest.raises(DataError, match='--val-episodes 3 leaves none'):
        prepare(make_dataset(), 'made', 'dsbc', replace(QUICK, val_episodes=3))


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        ({'steps': 0}, '--steps'),
        ({'learning_rate': 0.0}, '--lr'),
        ({'variant': 'all'}, 'unknown variant'),
        ({'augment': 'flip'}, 'unknown augmentation'),
        ({'early_stopping': True, 'val_episodes': 0}, '--val-episodes'),
        ({'seed': -1}, '--seed'),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        DistilConfig(**values)


def test_a_variant_of_the_other_kind_is_refused():
    with pytest.raises(ConfigError, match="dsbc has no variant 'flow', only: repeated, chunk"):
        prepare(make_dataset(), 'made', 'dsbc', replace(QUICK, variant='flow'))


def test_early_stopping_keeps_the_best_weights(tmp_path, monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0])
    monkeypatch.setattr('frs_ros.training.distilled.loop.validation_loss', lambda *_: next(losses))
    metrics = run(tmp_path, config=replace(QUICK, steps=12, early_stopping=True))
    assert metrics['best_step'] == 2
    assert metrics['steps'] == 5  # a quarter of the steps without a better loss


def test_shifts_move_images_by_at_most_four_pixels():
    images = torch.zeros(1, 30, 30, 3, dtype=torch.uint8)
    images[0, 15, 15] = 200
    rows = torch.zeros(200, dtype=torch.long)
    moved = shifted(padded(images), rows, torch.Generator().manual_seed(0))
    places = moved[..., 0].nonzero()
    assert len(places) == 200
    assert places[:, 1:].min() == 11
    assert places[:, 1:].max() == 19
    assert len({tuple(p[1:].tolist()) for p in places}) > 50


def test_what_comes_in_at_an_edge_is_that_edge():
    images = torch.arange(30, dtype=torch.uint8)[None, :, None, None].expand(1, 30, 30, 3)
    wide = padded(images)
    assert wide.shape == (1, 38, 38, 3)
    assert wide[0, :, 0, 0].tolist() == [0] * 4 + list(range(30)) + [29] * 4


def test_the_rate_rises_then_falls_to_nothing():
    config = DistilConfig(steps=100)
    rates = [scheduled_rate(config, step) for step in range(100)]
    assert max(rates) <= config.learning_rate
    assert rates[0] < 0.1 * max(rates) > rates[-1]
    assert rates.index(max(rates)) < 25


def test_errors_are_relative_to_the_labels():
    label = np.ones((4, 2, 2))
    names = ('x', 'y')
    assert errors(label, label, names)['explained'] == 1
    assert errors(0 * label, label, names)['explained'] == 0
    assert errors(label * 1.5, label, names)['rms'] == {'x': 0.5, 'y': 0.5}


def test_history_starts_empty():
    assert History().entries == []


def test_images_of_which_nothing_would_be_left_are_refused():
    with pytest.raises(ConfigError, match='images of 24 pixels are too small'):
        learn(make_dataset(size=24), 'made', 'dsbc', QUICK, progress=False)


# ---- several tasks --------------------------------------------------------------------------


def test_several_instructions_are_told_apart_and_others_refused(tmp_path):
    dataset = make_dataset(episodes=3, tasks=('open the drawer', 'close the drawer'))
    run(tmp_path, dataset, config=replace(QUICK, defer=False))
    policy = load_noise_policy(tmp_path / 'dsbc.safetensors', NoisePolicy)
    fresh = np.zeros((10, 7), np.float32)
    first, same, other = (
        policy.noise(observation(instruction=text), fresh)[0]
        for text in ('open the drawer', 'Open the  drawer.', 'close the drawer')
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    for unknown in ('shut the drawer', ''):
        with pytest.raises(ConfigError, match=r"not trained for .*'close the drawer', 'open"):
            policy.noise(observation(instruction=unknown), fresh)


def test_one_task_needs_no_words_but_no_other_task(tmp_path):
    run(tmp_path)
    policy = load_noise_policy(tmp_path / 'dsbc.safetensors', NoisePolicy)
    fresh = np.zeros((10, 7), np.float32)
    assert np.isfinite(policy.noise(observation(instruction=''), fresh)[0]).all()
    with pytest.raises(ConfigError, match="not trained for 'open the drawer'"):
        policy.noise(observation(instruction='open the drawer'), fresh)


# ---- files ----------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path):
    run(tmp_path)
    return tmp_path / 'dsbc.safetensors'


def test_a_file_is_read_once(checkpoint):
    first, again = (load_noise_policy(checkpoint, NoisePolicy) for _ in range(2))
    assert first is again


def test_a_file_that_is_written_again_is_read_again(checkpoint):
    first = load_noise_policy(checkpoint, NoisePolicy)
    run(checkpoint.parent, config=replace(QUICK, seed=5))
    assert load_noise_policy(checkpoint, NoisePolicy) is not first


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def _poison(path):
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    weights['encoder.images.0.dense.bias'][0] = float('nan')
    save_file(weights, path)


def _without(path):
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    del weights['encoder.images.0.dense.bias']
    save_file(weights, path)


def _edit(**changes):
    def edit(path):
        file = path.with_suffix('.json')
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return edit


def _change(part, **changes):
    def edit(path):
        file = path.with_suffix('.json')
        described = json.loads(file.read_text())
        described[part].update(changes)
        file.write_text(json.dumps(described))

    return edit


def _rewrite(change):
    """Changes the header of the weights, a JSON object behind its length."""

    def edit(path):
        content = path.read_bytes()
        length = int.from_bytes(content[:8], 'little')
        header = json.loads(content[8 : 8 + length])
        change(header)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, 'little') + text + content[8 + length :])

    return edit


def _first(header):
    return next(value for name, value in header.items() if name == 'encoder.images.0.dense.bias')


@pytest.mark.parametrize(
    ('harm', 'words'),
    [
        (_truncate, 'truncated or not a safetensors'),
        (_poison, 'not finite'),
        (_without, 'missing or unknown tensor'),
        (lambda p: p.unlink(), 'no checkpoint at'),
        (lambda p: p.with_suffix('.json').unlink(), 'no checkpoint at'),
        (lambda p: p.with_suffix('.json').write_text('{'), 'not readable as JSON'),
        (lambda p: p.with_suffix('.json').write_text('[]'), 'does not describe'),
        (_edit(kind='mini'), "describes a 'mini'"),
        (_edit(format=99), 'format is 99'),
        (_edit(inputs={'cameras': []}), 'bad or missing entry'),
        (_edit(kind='bc'), 'bad or missing entry'),
        # 360 GB, were they taken before the weights are looked at
        (_change('architecture', width=4096), 'does not fit: .* has shape'),
        (_change('architecture', width=300_000), "bad or missing entry 'width': 300000"),
        (_change('architecture', layers=10**9), "bad or missing entry 'layers'"),
        (_change('architecture', width='64'), "bad or missing entry 'width': '64'"),
        (_change('inputs', image_size=10**6), "bad or missing entry 'image_size'"),
        (_change('inputs', image_size=2000), 'does not fit: .* has shape'),
        (_change('inputs', cameras=['a'] * 4000), "'cameras': more than 64"),
        (_change('inputs', instructions=['x'] * 4000), 'does not fit: missing or unknown tensor'),
        (_change('inputs', state_mean=[[1.0]]), "'state_mean': \\[\\[1.0"),
        (_change('generalist', horizon=10**9), "bad or missing entry 'horizon'"),
        (_edit(action_low=[0.0]), 'bad or missing entry'),
        (_edit(training=3), 'bad or missing entry'),
        (_rewrite(lambda header: header.update(x=['nonsense'])), 'not a safetensors file'),
        (_rewrite(lambda header: _first(header).update(data_offsets=[0, 1 << 50])), 'safetensors'),
        (_rewrite(lambda header: _first(header).update(data_offsets=[-4, 4])), 'safetensors'),
        (_rewrite(lambda header: _first(header).update(shape=[1 << 62, 4])), 'safetensors'),
        (_rewrite(lambda header: _first(header).update(dtype='I32')), 'is of type I32'),
        (_rewrite(lambda header: _first(header).update(dtype='\x1b[2K')), 'not a safetensors'),
        (lambda p: p.write_bytes(b'\xff' * 7 + b'\x7f{}'), 'not a safetensors file'),
        (lambda p: p.write_bytes((1 << 40).to_bytes(8, 'little') + b'{}'), 'not a safetensors'),
        (lambda p: os.truncate(p, 5 << 30), 'larger than 4 GiB'),
    ],
)
def test_a_damaged_checkpoint_is_one_clear_line(checkpoint, harm, words):
    harm(checkpoint)
    with pytest.raises(CheckpointError, match=words) as raised:
        load_noise_policy(checkpoint, NoisePolicy)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600


def test_the_wrong_kind_is_named(checkpoint):
    with pytest.raises(CheckpointError, match="written by frs train dsbc, method 'bc' needs"):
        load_noise_policy(checkpoint, ClonedPolicy)


def test_names_must_end_in_safetensors(tmp_path):
    lesson = prepare(make_dataset(), 'made', 'dsbc', QUICK)
    network = DistilledNetwork(lesson.description)
    with pytest.raises(CheckpointError, match=r'must end in \.safetensors'):
        save_noise_policy(network, lesson.description, tmp_path / 'x.pt')


@pytest.mark.parametrize('kind', ['dsbc', 'bc'])
def test_the_command_trains_and_writes(tmp_path, capsys, kind):
    save_dataset(make_dataset(), tmp_path / 'data')
    out, file = tmp_path / 'out', tmp_path / 'm.json'
    arguments = ['--steps', '2', '--batch', '4', '--threads', '1', '--json', str(file)]
    data = ['--data', str(tmp_path / 'data'), '--out', str(out)]
    assert main(['train', kind, *data, *arguments]) == 0
    assert f'{kind}[checkpoint={out}/{kind}.safetensors]' in capsys.readouterr().out
    numbers = json.loads(file.read_text())
    assert {'seconds', 'peak_memory_mb', 'samples', 'loss'} <= set(numbers)


def test_a_missing_dataset_is_one_clear_line(tmp_path, capsys):
    arguments = ['--data', str(tmp_path / 'none'), '--out', str(tmp_path / 'out')]
    assert main(['train', 'dsbc', *arguments]) == 2
    assert 'is no dataset' in capsys.readouterr().err
