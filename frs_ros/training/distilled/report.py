# SPDX-License-Identifier: Apache-2.0
"""The figure of a training: loss, the labels' law, their spread by dimension, the error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.evaluation.plots import COLOURS, new_figure, save
from frs_ros.policies.noise.heads import BOUND
from frs_ros.policies.noise.policy import NOISE

_GREY, _ORANGE, _BLUE, _GREEN = COLOURS[:4]


def plot_report(path: Path, metrics: Mapping[str, Any], target: np.ndarray, steered: Any) -> None:
    """Draws the four panels.

    Args:
        path: PNG file to write.
        metrics: Of `distil.distil`.
        target: [N, H, A] labels.
        steered: [N] bool, whether guidance was followed.
    """
    figure = new_figure(12.0, 7.4)
    (loss, law), (spread, error) = figure.subplots(2, 2)
    what = metrics['labels_are']
    _loss(loss, metrics)
    _law(law, metrics, target, np.asarray(steered), what)
    _spread(spread, metrics['labels'], what)
    _error(error, metrics['error'], what)
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[['top', 'right']].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc='upper right')
        axes.title.set_fontsize(9)
    data = metrics['data']
    figure.suptitle(
        f'{metrics["kind"]}, {metrics["variant"]}: {metrics["samples"]} chunks of '
        f'{data["episodes"]} successful episodes, {data["held_out_episodes"]} held out; '
        f'{metrics["steps"]} steps in {metrics["seconds"]:.0f} s, '
        f'{metrics["peak_memory_mb"]:.0f} MB',
        fontsize=10,
    )
    save(figure, path)


def _loss(axes: Any, metrics: Mapping[str, Any]) -> None:
    for key, label, colour in (
        ('train', 'training', _BLUE),
        ('val', 'held-out episodes', _ORANGE),
    ):
        points = [(e['step'], e[key]) for e in metrics['history'] if key in e]
        if points:
            axes.plot(*zip(*points), color=colour, label=label, marker='.', markersize=3)
    if metrics['best_step'] < metrics['steps']:
        axes.axvline(metrics['best_step'], color='0.4', linestyle=':', label='kept')
    axes.set(title='loss', xlabel='step')


def _law(
    axes: Any, metrics: Mapping[str, Any], target: np.ndarray, steered: np.ndarray, what: str
) -> None:
    """Histogram of all label entries; noise that the policy drew itself is standard normal."""
    noise = what == NOISE
    edge = BOUND if noise else 1.2
    bins = np.linspace(-edge, edge, 61)
    for rows, label, colour in (
        (steered, 'steered chunks', _BLUE),
        (~steered, 'unsteered chunks', _GREY),
    ):
        if rows.any():
            values = np.clip(target[rows], -edge, edge).ravel()
            share = f'{label} ({rows.sum()})'
            axes.hist(values, bins, density=True, alpha=0.55, color=colour, label=share)
    if noise:
        density = np.exp(-(bins**2) / 2) / np.sqrt(2 * np.pi)
        axes.plot(bins, density, color='0.2', linewidth=1, label='standard normal')
    axes.set(title=f'labels: all elements, ends hold what is beyond ({what})', xlabel='value')


def _spread(axes: Any, labels: Mapping[str, Any], what: str) -> None:
    """Standard deviation by dimension."""
    bars = [
        (labels[part]['std'], f'{part} chunks', colour)
        for part, colour in (('steered', _BLUE), ('unsteered', _GREY))
        if part in labels
    ]
    bars.append((labels['all']['row_std'], 'within a chunk, all', _GREEN))
    _bars(axes, bars)
    axes.axhline(1.0, color='0.3', linewidth=1, linestyle='--')
    axes.set(title=f'standard deviation of the labels by dimension ({what})')


def _error(axes: Any, error: Mapping[str, Any], what: str) -> None:
    """Root mean square error by dimension, beside the size of what is predicted."""
    part = 'held_out' if 'held_out' in error else 'train'
    bars = [(error[part]['label_rms'], 'size of the labels', _GREY)]
    bars.append((error['train']['rms'], 'error in training', _BLUE))
    if part == 'held_out':
        bars.append((error[part]['rms'], 'error, held-out episodes', _ORANGE))
    _bars(axes, bars)
    explained = ', '.join(
        f'{name.replace("_", "-")} {values["explained"]:.0%}' for name, values in error.items()
    )
    axes.set(title=f'RMS error of the prediction ({what}); explained: {explained}')


def _bars(axes: Any, groups: list[tuple[Mapping[str, float], str, str]]) -> None:
    names = list(groups[0][0])
    width = 0.8 / len(groups)
    for index, (values, label, colour) in enumerate(groups):
        x = np.arange(len(names)) + (index - (len(groups) - 1) / 2) * width
        axes.bar(x, [values[n] for n in names], 0.92 * width, color=colour, label=label)
    axes.set_xticks(range(len(names)), names, fontsize=8)
