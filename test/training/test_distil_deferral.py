# SPDX-License-Identifier: Apache-2.0
"""Learning when the operator let go, and what was no more than a lapse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from noise_dataset import TASK, make_dataset
from test_distil import QUICK, run

from frs_ros.policies.noise.checkpoint import load_noise_policy
from frs_ros.policies.noise.policy import NoisePolicy
from frs_ros.training.distilled.config import DistilConfig
from frs_ros.training.distilled.data import lapses
from frs_ros.training.distilled.training import prepare
from frs_ros.types import Observation


def test_it_lets_go_where_the_operator_did(tmp_path):
    """Which chunks are steered is told by the state; images and noise go their own way."""
    dataset = make_dataset(episodes=2, rows=12, cameras=())
    episodes = []
    for episode in dataset.episodes:
        state, steered = episode.state.copy(), np.arange(12) % 6 < 3
        state[:, 2] = np.where(steered, 1.0, 0.2)
        episodes.append(replace(episode, state=state, steered=steered))
    dataset = replace(dataset, episodes=tuple(episodes))
    config = DistilConfig(
        variant='chunk_nll', steps=250, batch=16, learning_rate=3e-3, augment='none', threads=1
    )
    metrics = run(tmp_path, dataset, config=config)
    assert metrics['deferral']['held_out'] == {'unsteered': 0.5, 'right': 1.0}
    assert metrics['error']['train']['explained'] > 0.9  # of what was steered
    policy = load_noise_policy(tmp_path / 'dsbc.safetensors', NoisePolicy)
    fresh = np.random.default_rng(0).standard_normal((10, 7), dtype=np.float32)
    for steered, state in zip(dataset.episodes[0].steered, dataset.episodes[0].state, strict=True):
        for draw in ('mean', 'sample'):
            noise, deferred = policy.noise(Observation({}, state, TASK), fresh, draw)
            assert deferred != steered
            assert np.array_equal(noise, fresh) == deferred


@pytest.mark.parametrize('steered', [True, False])
def test_where_nobody_let_go_or_steered_no_decision_is_learned(steered):
    episodes = tuple(
        replace(episode, steered=np.full(len(episode), steered))
        for episode in make_dataset().episodes
    )
    lesson = prepare(replace(make_dataset(), episodes=episodes), 'made', 'dsbc', QUICK)
    assert not lesson.description.architecture.defer


@pytest.mark.parametrize(
    ('steered', 'missed'),
    [
        ('SS..S...SS', '..XX......'),
        ('..S', 'XX.'),  # at the beginning, too
        ('S..', '...'),  # nobody steered again
        ('....', '....'),
        ('S.S.S', '.X.X.'),
        ('SSS', '...'),
    ],
)
def test_short_pauses_are_lapses(steered, missed):
    found = lapses(np.array([c == 'S' for c in steered]))
    assert ''.join('X' if m else '.' for m in found) == missed


def test_nothing_is_learned_from_lapses(tmp_path):
    dataset = make_dataset(episodes=2, rows=9)
    pattern = np.array([c == 'S' for c in 'SS.SS...S'])
    episodes = tuple(replace(e, steered=pattern) for e in dataset.episodes)
    dataset = replace(dataset, episodes=episodes)
    lesson = prepare(dataset, 'made', 'dsbc', QUICK)
    assert lesson.description.training['data']['lapses'] == 1
    np.testing.assert_array_equal(
        lesson.samples.target.numpy(), np.delete(episodes[0].noise, 2, axis=0)
    )
    np.testing.assert_array_equal(lesson.samples.steered.numpy(), np.delete(pattern, 2))
    assert len(lesson.held_out) == 8
    for kind, config in (('dsbc', replace(QUICK, defer=False)), ('bc', QUICK)):
        whole = prepare(dataset, 'made', kind, config)
        assert len(whole.samples) == 9
        assert whole.description.training['data']['lapses'] == 0
