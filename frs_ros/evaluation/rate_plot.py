# SPDX-License-Identifier: Apache-2.0
"""Success of pooled methods: bars, and points over what a plan costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.evaluation.charts import (
    COLOURS,
    MARKERS,
    interval,
    new_figure,
    percent_axis,
    save,
    wrapped,
)
from frs_ros.evaluation.samples import SEEDS

RATE = 'success rate [%], bars: 95 % Wilson interval'
COSTS = {
    'nfe': ('nfe_mean', 'velocity evaluations per plan (log scale)'),
    'latency': ('plan_ms_p50', 'median time of a plan [ms] (log scale)'),
}


def plot_rates(path: Path, methods: Sequence[Mapping[str, Any]], title: str = '') -> None:
    """Draws a bar per method, the first one on top.

    Dots are training seeds if there are several, else evaluation seeds.
    """
    figure = new_figure(8.0, 1.4 + 0.42 * len(methods))
    axes = figure.add_subplot()
    kind, repeats = _repeats(methods)
    for row, method in enumerate(methods):
        rate, error = interval(method)
        axes.barh(row, rate, 0.7, color=COLOURS[2], alpha=0.75)
        axes.errorbar(rate, row, xerr=error, color='0.15', linewidth=1, capsize=2.5)
        dots = [100 * part['rate'] for part in repeats.get(row, [])]
        axes.scatter(dots, [row] * len(dots), s=14, color=COLOURS[6], zorder=3)
        count = f'{method["successes"]}/{method["trials"]}'
        axes.text(114, row, count, va='center', ha='right', fontsize=7)
    axes.set_yticks(range(len(methods)), [wrapped(m['method']) for m in methods], fontsize=8)
    axes.set_ylim(len(methods) - 0.4, -0.6)
    percent_axis(axes.xaxis, RATE + (f'; dots: {kind}' if kind else ''), 114.0)
    if title:
        figure.suptitle(title, fontsize=9)
    save(figure, path)


def _repeats(methods: Sequence[Mapping[str, Any]]) -> tuple[str, dict[int, Any]]:
    """The first kind of seed there are several of, and its parts by row; '' if there is none."""
    for kind, (parts, _) in SEEDS.items():
        found = {row: m[parts] for row, m in enumerate(methods) if len(m[parts]) > 1}
        if found:
            return kind, found
    return '', {}


def plot_cost(
    path: Path, methods: Sequence[Mapping[str, Any]], cost: str, title: str = ''
) -> None:
    """Draws success over a cost of `COSTS`, logarithmic from 1 on; a point per method."""
    key, label = COSTS[cost]
    figure = new_figure(8.0, 4.8)
    axes = figure.add_subplot()
    drawn = [method for method in methods if method[key] is not None]
    for index, method in enumerate(drawn):
        rate, error = interval(method)
        axes.errorbar(
            method[key],
            rate,
            yerr=error,
            fmt=MARKERS[index // len(COLOURS) % len(MARKERS)],
            color=COLOURS[index % len(COLOURS)],
            capsize=2.5,
            label=wrapped(method['method']),
        )
    axes.set_xscale('symlog', linthresh=1, linscale=0.2)  # orders of magnitude apart, and 0
    axes.xaxis.set_major_formatter('{x:g}')
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    percent_axis(axes.yaxis, RATE)
    if title:
        figure.suptitle(title, fontsize=9)
    axes.legend(loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=7)
    save(figure, path)
