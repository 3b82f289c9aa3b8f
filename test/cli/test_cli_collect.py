# SPDX-License-Identifier: Apache-2.0
"""What `frs collect` is told becomes settings, or one clear line."""

import pytest

from frs_ros.cli import main
from frs_ros.datasets.collection import CollectionSettings
from frs_ros.folders import locked


@pytest.fixture
def collected(monkeypatch, tmp_path):
    """Runs the command; returns the settings it would have collected with."""
    pytest.importorskip('libero', reason='LIBERO is not installed')
    seen = []

    def collect(settings, cameras, folder, episodes, workers):
        seen.append(settings)
        return {'successes': 0, 'attempts': 0, 'steps': 0, 'frames': 0}

    monkeypatch.setattr('frs_ros.datasets.collector.collect', collect)

    def run(*words):
        code = main(['collect', '--out', str(tmp_path / 'd'), *words])
        return seen.pop() if code == 0 else code

    return run


def test_defaults_are_those_of_the_shipped_policy(collected):
    assert collected() == CollectionSettings()


def test_folder_that_another_run_writes_is_refused(collected, tmp_path, capsys):
    with locked(tmp_path / 'd'):
        assert collected() == 2
    assert 'is in use by process' in capsys.readouterr().err
    assert collected() == CollectionSettings()


def test_a_target_is_the_only_thing_demonstrated(collected):
    settings = collected('--tasks', '7', '--target', 'tomato_sauce')
    assert (settings.tasks, settings.target, settings.held_out) == ((7,), 'tomato_sauce', ())
    shares = settings.stock_target, settings.shuffled, settings.coarse_start
    assert shares == (1.0, 0.0, 0.0)


def test_shares_are_as_given(collected):
    settings = collected('--target', 'milk', '--shuffled', '0.5', '--stock-target', '0')
    assert (settings.shuffled, settings.stock_target, settings.coarse_start) == (0.5, 0.0, 0.0)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--target', 'banana'], "unknown target 'banana'"),
        (['--shuffled', '1.5'], '--shuffled is a share from 0 to 1, not 1.5'),
        (['--coarse-start', '-1'], '--coarse-start is a share from 0 to 1, not -1'),
    ],
)
def test_what_makes_no_sense_is_one_line(collected, capsys, words, message):
    assert collected(*words) == 2
    assert message in capsys.readouterr().err
