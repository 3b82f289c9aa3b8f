# SPDX-License-Identifier: Apache-2.0
"""The figure of an evaluation: success rates with 95 % Wilson intervals."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from frs_ros.evaluation.charts import COLOURS, interval, new_figure, save
from frs_ros.evaluation.samples import checkpoint_names


def plot_results(path: Path, results: dict[str, Any]) -> None:
    """Draws one group of bars per task and one for all tasks together, a bar per method."""
    settings = results['settings']
    tasks, methods = settings['tasks'], settings['methods']
    figure = new_figure(max(7.0, 1.6 * (len(tasks) + 1) + 1.5), 4.8)
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
    columns = min(len(methods), 5)
    axes.legend(
        loc='lower center', bbox_to_anchor=(0.5, 1.0), ncol=columns, frameon=False, fontsize=8
    )
    save(figure, path)


def _bars(axes: Any, index: int, count: int, method: str, entries: list[dict[str, Any]]) -> None:
    """The bars of one method, one per task and one for the total."""
    width = 0.8 / count
    colour = COLOURS[index % len(COLOURS)]
    for place, entry in enumerate(entries):
        x = place + (index - (count - 1) / 2) * width
        rate, error = interval(entry)
        axes.bar(x, rate, 0.92 * width, color=colour, label=None if place else method)
        axes.errorbar(x, rate, error, color='0.15', linewidth=1, capsize=2.5)
        text = f'{entry["successes"]}/{entry["trials"]}'
        axes.text(x, rate + error[1][0] + 2, text, ha='center', fontsize=6)


def _task_label(row: dict[str, Any]) -> str:
    words = textwrap.fill(row.get('instruction', ''), 22)
    return f'task {row["task_id"]}\n{words}'.strip()


def _title(settings: dict[str, Any]) -> str:
    last = settings['first_init'] + settings['trials'] - 1
    checkpoints = ', '.join(checkpoint_names(settings['checkpoint'].split(',')))
    return (
        f'{settings["suite"]}: {settings["trials"]} episodes per task and method, init states '
        f'{settings["first_init"]}-{last}, seed {settings["seed"]}\n'
        f'checkpoint {checkpoints}, guidance {settings["guidance"]}, '
        f'instruction {settings["instruction"]}, assets {Path(settings["assets"]).name}'
    )
