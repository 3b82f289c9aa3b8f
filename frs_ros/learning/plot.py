# SPDX-License-Identifier: Apache-2.0
"""The picture of an evaluation: success rates with 95 % Wilson intervals."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

# Okabe-Ito colours, distinguishable with colour-blind eyes.
COLOURS = ('#999999', '#E69F00', '#0072B2', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442')


def plot_results(path: Path, results: dict[str, Any]) -> None:
    """Draws one group of bars per task and one for all tasks together, a bar per method."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings = results['settings']
    tasks, methods = settings['tasks'], settings['methods']
    figure = Figure(figsize=(max(7.0, 1.6 * (len(tasks) + 1) + 1.5), 4.8), layout='constrained')
    axes = figure.add_subplot()
    for index, method in enumerate(methods):
        rows = [row for row in results['rows'] if row['method'] == method]
        totals = [total for total in results['totals'] if total['method'] == method]
        _bars(axes, index, len(methods), method, rows + totals)
    labels = [_task_label(row) for row in results['rows'][: len(tasks)]]
    axes.set_xticks(range(len(tasks) + 1), [*labels, 'all tasks'], fontsize=7)
    axes.axvline(len(tasks) - 0.5, color='0.8', linewidth=1)
    axes.set_ylim(0, 112)
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel('success rate [%], bars: 95 % Wilson interval')
    axes.grid(axis='y', alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    figure.suptitle(_title(settings), fontsize=9)
    columns = min(len(methods), 6)
    axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncol=columns, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_figure(str(path), dpi=150)


def _bars(axes: Any, index: int, count: int, method: str, entries: list[dict[str, Any]]) -> None:
    """The bars of one method, one per task and one for the total."""
    width = 0.8 / count
    colour = COLOURS[index % len(COLOURS)]
    for place, entry in enumerate(entries):
        x = place + (index - (count - 1) / 2) * width
        low, high = entry['wilson95']
        rate = entry['successes'] / max(entry['trials'], 1)
        axes.bar(x, 100 * rate, 0.92 * width, color=colour, label=None if place else method)
        axes.errorbar(
            x,
            100 * rate,
            [[100 * (rate - low)], [100 * (high - rate)]],
            color='0.15',
            linewidth=1,
            capsize=2.5,
        )
        text = f'{entry["successes"]}/{entry["trials"]}'
        axes.text(x, 100 * high + 2, text, ha='center', fontsize=6)


def _task_label(row: dict[str, Any]) -> str:
    words = textwrap.fill(row.get('instruction', ''), 22)
    return f'task {row["task_id"]}\n{words}'.strip()


def _title(settings: dict[str, Any]) -> str:
    last = settings['first_init'] + settings['trials'] - 1
    return (
        f'{settings["suite"]}: {settings["trials"]} episodes per task and method, init states '
        f'{settings["first_init"]}-{last}, seed {settings["seed"]}\n'
        f'checkpoint {Path(settings["checkpoint"]).name}, guidance {settings["guidance"]}, '
        f'instruction {settings["instruction"]}, assets {Path(settings["assets"]).name}'
    )
