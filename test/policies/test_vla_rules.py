# SPDX-License-Identifier: Apache-2.0
"""Units and model space as openpi and LeRobot convert them; their formulas, written again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.policies.vla.rules import action_rules, delta_mask
from frs_ros.policies.vla.statistics import action_statistics

A, D = 8, 32
STATE = np.linspace(-1, 1, A)
RNG = np.random.default_rng(0)
CHUNK = RNG.uniform(-2, 2, (3, 10, A))
STATISTICS = {
    'q01': RNG.uniform(-1, -0.5, A),
    'q99': RNG.uniform(0.5, 1, A),
    'mean': RNG.uniform(-1, 1, A),
    'std': RNG.uniform(0.5, 1, A),
    'min': RNG.uniform(-2, -1, A),
    'max': RNG.uniform(1, 2, A),
}
ABSOLUTE = np.zeros(A, bool)


def openpi_quantiles(x):
    low, high = STATISTICS['q01'], STATISTICS['q99']
    return (x - low) / (high - low + 1e-6) * 2.0 - 1.0


def openpi_mean_std(x):
    return (x - STATISTICS['mean']) / (STATISTICS['std'] + 1e-6)


def lerobot_min_max(x):
    low, high = STATISTICS['min'], STATISTICS['max']
    return 2 * (x - low) / (high - low) - 1


@pytest.mark.parametrize(
    ('kind', 'formula', 'epsilon'),
    [
        ('quantiles', openpi_quantiles, 1e-6),
        ('mean_std', openpi_mean_std, 1e-6),
        ('min_max', lerobot_min_max, 0.0),
        ('none', lambda x: x, 1e-6),
    ],
)
def test_formulas_of_the_stacks(kind, formula, epsilon):
    rules = action_rules(kind, STATISTICS, epsilon, ABSOLUTE, D)
    model = rules.to_model(CHUNK, STATE)
    assert model.shape == (3, 10, D)
    np.testing.assert_allclose(model[..., :A], formula(CHUNK), atol=1e-12)
    assert not model[..., A:].any()
    model[..., A:] = 7.0  # padding that the model made up
    np.testing.assert_allclose(rules.from_model(model, STATE), CHUNK, atol=1e-12)


def test_relative_dimensions_count_from_the_state():
    """openpi: DeltaActions before Normalize, AbsoluteActions after Unnormalize."""
    mask = delta_mask((7, -1), A)
    rules = action_rules('quantiles', STATISTICS, 1e-6, mask, D)
    delta = CHUNK.copy()
    delta[..., :7] -= STATE[:7]
    model = rules.to_model(CHUNK, STATE)
    np.testing.assert_allclose(model[..., :A], openpi_quantiles(delta), atol=1e-12)
    np.testing.assert_allclose(rules.from_model(model, STATE), CHUNK, atol=1e-12)
    elsewhere = rules.from_model(model, STATE + 1.0)
    np.testing.assert_allclose(elsewhere[..., :7], CHUNK[..., :7] + 1.0, atol=1e-12)
    np.testing.assert_allclose(elsewhere[..., 7], CHUNK[..., 7], atol=1e-12)


def test_mask_as_openpi_writes_it():
    assert delta_mask((7, -1), 8).tolist() == [True] * 7 + [False]
    assert delta_mask((2, -1, 2), 6).tolist() == [True, True, False, True, True, False]
    assert not delta_mask((), 8).any()
    with pytest.raises(ConfigError, match=r'delta \[7, -2\] speaks of 9 of 8'):
        delta_mask((7, -2), 8)


def test_what_never_moved_in_training_stays_there():
    statistics = {'q01': np.full(A, -1.0), 'q99': np.full(A, 1.0)}
    statistics['q01'][3] = statistics['q99'][3] = 0.25
    rules = action_rules('quantiles', statistics, 1e-6, ABSOLUTE, D)
    model = rules.to_model(CHUNK, STATE)
    assert not model[..., 3].any()
    assert np.abs(model).max() < 3
    np.testing.assert_allclose(rules.from_model(model, STATE)[..., 3], 0.25, atol=1e-5)


def test_dimensions_that_hardly_moved_are_told():
    statistics = {'q01': np.full(A, -1.0), 'q99': np.full(A, 1.0)}
    statistics['q01'][[2, 5]], statistics['q99'][[2, 5]] = 0.1, 0.1001
    statistics['q01'][3] = statistics['q99'][3] = 0.25  # never: it is written as 0
    statistics['q01'][4], statistics['q99'][4] = -0.1, 0.1
    rules = action_rules('quantiles', statistics, 1e-6, ABSOLUTE, D)
    assert rules.narrow() == [2, 5]


def test_longer_statistics_are_cut_and_shorter_refused():
    longer = {name: np.append(values, [0.0, 0.0]) for name, values in STATISTICS.items()}
    rules = action_rules('quantiles', longer, 1e-6, ABSOLUTE, D)
    assert len(rules.scale) == A
    shorter = {name: values[:-1] for name, values in STATISTICS.items()}
    with pytest.raises(ConfigError, match='q01 of the actions must be 8 finite numbers'):
        action_rules('quantiles', shorter, 1e-6, ABSOLUTE, D)


@pytest.mark.parametrize(
    ('kind', 'statistics', 'message'),
    [
        ('quantiles', {'mean': np.zeros(A), 'std': np.ones(A)}, 'no q01.*only mean, std'),
        ('mean_std', {'mean': np.zeros(A), 'std': -np.ones(A)}, 'mean and std make no range'),
        ('min_max', {'min': np.ones(A), 'max': np.zeros(A)}, 'min and max make no range'),
        ('mean_std', {'mean': np.full(A, np.nan), 'std': np.ones(A)}, 'mean .* 8 finite'),
    ],
)
def test_statistics_that_cannot_be(kind, statistics, message):
    with pytest.raises(ConfigError, match=message):
        action_rules(kind, statistics, 1e-6, ABSOLUTE, D)


def saved(tmp_path, kind):
    """The same statistics of actions as each project saves them."""
    lists = {name: values.tolist() for name, values in STATISTICS.items()}
    zeros = {name: [0.0] * A for name in STATISTICS}
    path = tmp_path / f'{kind}.json'
    if kind == 'openpi':
        path.write_text(json.dumps({'norm_stats': {'state': zeros, 'actions': lists}}))
    elif kind == 'dataset':
        lists = {**lists, 'count': [7]}
        path.write_text(json.dumps({'observation.state': zeros, 'action': lists}))
    else:
        path = path.with_suffix('.safetensors')
        flat = {f'action.{n}': v for n, v in STATISTICS.items()}
        save_file({**flat, 'observation.state.mean': np.zeros(A)}, path)
    return path


@pytest.mark.parametrize('kind', ['openpi', 'dataset', 'processor'])
def test_statistics_of_every_project(tmp_path, kind):
    found = action_statistics(saved(tmp_path, kind))
    for name, values in STATISTICS.items():
        np.testing.assert_allclose(found[name], values)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('none.json', None, 'no statistics at .*none.json: No such file'),
        ('none.safetensors', None, 'no statistics at .*none.safetensors'),
        ('bad.safetensors', 'weights', 'no statistics at .*bad.safetensors'),
        ('bad.json', '{"norm_stats": ', 'not a file of statistics'),
        ('deep.json', '[' * 100_000, 'not a file of statistics: .*nested too deeply'),
        (
            'robots.json',
            '{"norm_stats": {"droid": {"actions": {"mean": [0]}}, "aloha": {"actions": {}}}}',
            "no key 'actions' in 'norm_stats'; there are statistics under 'droid', 'aloha': put",
        ),
        ('list.json', '[1]', 'not a file of statistics'),
        ('text.json', '{"actions": {"mean": ["a"]}}', 'not a file of statistics'),
        ('state.json', '{"norm_stats": {"state": {"mean": [0]}}}', 'holds no statistics of act'),
    ],
)
def test_files_that_are_not_statistics(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(CheckpointError, match=message):
        action_statistics(path)
