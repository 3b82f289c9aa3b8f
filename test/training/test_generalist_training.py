# SPDX-License-Identifier: Apache-2.0
import argparse
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from synthetic_dataset import image, make_dataset

from frs_ros.errors import CheckpointError, ConfigError, DataError
from frs_ros.policies.checkpoint import load_policy, read_metadata
from frs_ros.training.generalist import cli as generalist_cli
from frs_ros.training.generalist import training
from frs_ros.training.generalist.config import GeneralistConfig
from frs_ros.training.generalist.train_state import read_progress
from frs_ros.training.generalist.training import CHECKPOINT, METRICS, PLOT, STATE, train_generalist
from frs_ros.types import Observation

TINY = GeneralistConfig(
    steps=8, head_steps=6, batch=8, draws=2, head_batch=16, validate_every=4, save_every=5
)


@pytest.fixture(scope='module', autouse=True)
def short_validation():
    """Measuring the loss takes longer than training here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, '_VALIDATION_BATCHES', 1)
        yield


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp('toy'))


@pytest.fixture(scope='module')
def trained(dataset, tmp_path_factory):
    out = tmp_path_factory.mktemp('trained')
    return out, train_generalist([dataset], out, TINY, progress=False)


def test_writes_a_usable_policy_with_its_origin(trained):
    out, metrics = trained
    policy = load_policy(out / CHECKPOINT)
    assert policy.vocabulary.instructions == (
        'pick up the ketchup and place it in the basket',
        'pick up the orange juice and place it in the basket',
    )
    training = read_metadata(out / CHECKPOINT)['training']
    assert training['data'] == metrics['data']
    assert training['data']['targets'] == ['ketchup', 'orange_juice']
    assert training['data']['episodes'] == 10
    assert training['data']['validation_episodes'] == 2
    assert json.loads((out / METRICS).read_text())['final']['val_flow'] > 0
    assert (out / PLOT).read_bytes().startswith(b'\x89PNG')


def test_interrupted_and_resumed_equals_uninterrupted(dataset, trained, tmp_path, monkeypatch):
    for interrupted_at in (6, 12):  # calls of validate: within the first and the second stage
        out = tmp_path / str(interrupted_at)
        _train_until(dataset, out, interrupted_at, monkeypatch)
        train_generalist([dataset], out, TINY, resume=True, progress=False)
        whole, parts = (load_file(folder / STATE) for folder in (trained[0], out))
        assert whole.keys() == parts.keys()
        for name, value in whole.items():
            torch.testing.assert_close(parts[name], value, rtol=0, atol=0, msg=name)


def _train_until(dataset, out, steps, monkeypatch):
    """Trains as TINY does but dies after so many steps of both stages."""
    import frs_ros.training.generalist.loop as loop

    optimise, done = loop._optimise, []

    def dying(*args):
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(1)
        return optimise(*args)

    with monkeypatch.context() as patch:
        patch.setattr(loop, '_optimise', dying)
        with pytest.raises(KeyboardInterrupt):
            train_generalist([dataset], out, TINY, progress=False)


def test_learns_direction_from_images(dataset, tmp_path):
    config = GeneralistConfig(steps=60, batch=16, draws=4, validate_every=20, learning_rate=2e-3)
    history = train_generalist([dataset], tmp_path, config, progress=False)['history']
    assert history[-1]['val_flow'] < 0.9 * history[0]['val_flow']
    assert history[-1]['val_agentview_place'] < history[0]['val_agentview_place']
    policy = load_policy(tmp_path / CHECKPOINT)
    places = np.array([[30.0, 60], [90, 90], [60, 50], [100, 50]])
    images = {'agentview': image(places, 128), 'wrist': image(places * 84 / 128, 84)}
    state = np.array([0, 0, 1, np.pi, 0, 0, 0.04, -0.04])
    observation = Observation(images, state, 'pick up the ketchup and place it in the basket')
    context = policy.encode(observation)
    assert policy.velocity(torch.zeros(1, 10, 7), torch.zeros(1), context).abs().mean() > 0.05


def test_held_out_target_is_refused(dataset, tmp_path):
    with pytest.raises(DataError, match='ketchup_1'):
        train_generalist([dataset], tmp_path, replace(TINY, held_out=('ketchup',)), progress=False)


def test_resume_needs_a_state_of_the_same_run(dataset, trained, tmp_path):
    with pytest.raises(CheckpointError, match='nothing to resume'):
        train_generalist([dataset], tmp_path, TINY, resume=True, progress=False)
    with pytest.raises(ConfigError, match='seed differs'):
        train_generalist([dataset], trained[0], replace(TINY, seed=3), resume=True, progress=False)


def test_empty_folder_and_bad_settings(tmp_path):
    with pytest.raises(DataError, match='frs collect'):
        train_generalist([tmp_path], tmp_path / 'out', TINY, progress=False)
    with pytest.raises(ConfigError, match='steps must be positive'):
        GeneralistConfig(steps=0)


def test_command_line_passes_every_option(dataset, tmp_path, capsys):
    parser = argparse.ArgumentParser()
    generalist_cli.add_arguments(parser)
    options = '--steps 2 --batch 4 --draws 1 --seed 5 --threads 1 --held-out milk'
    generalist_cli.run(
        parser.parse_args(['--data', str(dataset), '--out', str(tmp_path), *options.split()])
    )
    config = json.loads((tmp_path / METRICS).read_text())['config']
    assert (config['steps'], config['batch'], config['seed']) == (2, 4, 5)
    assert config['held_out'] == ['milk']
    printed = capsys.readouterr()
    assert str(tmp_path / CHECKPOINT) in printed.out
    assert 'joint' in printed.err  # the progress bar


def test_datasets_are_put_together(dataset, tmp_path):
    from frs_ros.training.generalist.data import load_training_data

    other = make_dataset(tmp_path / 'other', episodes=6, seed=9)
    one = load_training_data([dataset], (), 1, progress=False)
    both = load_training_data([dataset, other], (), 1, progress=False)
    assert len(both.train) > len(one.train)
    assert torch.equal(both.train.agentview[: len(one.train)], one.train.agentview)
    assert both.summary['digest'].startswith(one.summary['digest'] + '+')
    assert both.train.settled.all()  # one basket everywhere


@pytest.mark.parametrize('progress', ['[' * 100_000, '[1]', '{"step": 1, "step": 2}', '3'])
def test_a_state_that_holds_no_progress_is_one_line(tmp_path, progress):
    path = tmp_path / 'state.safetensors'
    save_file({'x': torch.zeros(1)}, path, metadata={'progress': progress})
    with pytest.raises(CheckpointError) as caught:
        read_progress(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 500
