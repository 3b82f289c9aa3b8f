# SPDX-License-Identifier: Apache-2.0
"""How episodes ended, by method: stacked bars of success and the classes of failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.evaluation.charts import new_figure, percent_axis, save, wrapped
from frs_ros.sim.outcome import FAILURES, SUCCESS

# Okabe-Ito, distinguishable with colour-blind eyes.
FAILURE_COLOURS = ('#D55E00', '#E69F00', '#F0E442', '#56B4E9', '#999999', '#CC79A7', '#0072B2')
COLOUR = {SUCCESS: '#009E73', **dict(zip(FAILURES, FAILURE_COLOURS))}
OTHER = '#000000'  # a class that this version does not have


def plot_failures(path: Path, methods: Sequence[Mapping[str, Any]], title: str = '') -> None:
    """Draws a bar per method, the first one on top.

    Args:
        path: PNG file.
        methods: Entries with 'method', 'trials' and 'outcomes'.
        title: Above the bars.
    """
    seen = {name for method in methods for name in method['outcomes']}
    classes = [c for c in (SUCCESS, *FAILURES) if c in seen] + sorted(seen - set(COLOUR))
    figure = new_figure(8.0, 1.6 + 0.42 * len(methods))
    axes = figure.add_subplot()
    left = [0.0] * len(methods)
    for name in classes:
        counts = [method['outcomes'].get(name, 0) for method in methods]
        shares = [100 * n / max(m['trials'], 1) for n, m in zip(counts, methods)]
        colour = COLOUR.get(name, OTHER)
        axes.barh(range(len(methods)), shares, 0.75, left=left, color=colour, label=name)
        for row, (share, count) in enumerate(zip(shares, counts)):
            if share > 3:
                axes.text(left[row] + share / 2, row, str(count), ha='center', va='center', size=7)
            left[row] += share
    axes.set_yticks(range(len(methods)), [wrapped(m['method']) for m in methods], fontsize=8)
    axes.invert_yaxis()
    trials = sorted({method['trials'] for method in methods})
    each = str(trials[0]) if len(trials) == 1 else f'{trials[0]} to {trials[-1]}'
    percent_axis(axes.xaxis, f'share of the episodes [%], {each} per method', 100.0)
    if title:
        figure.suptitle(title, fontsize=9)
    axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=8)
    save(figure, path)
