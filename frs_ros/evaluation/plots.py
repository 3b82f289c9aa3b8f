# SPDX-License-Identifier: Apache-2.0
"""Figures of evaluations: success rates with 95 % Wilson intervals, failures, success by cost."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.evaluation.samples import SEEDS, checkpoint_names
from frs_ros.files import write_atomically
from frs_ros.sim.outcome import FAILURES, SUCCESS

# Okabe-Ito colours, distinguishable with colour-blind eyes.
COLOURS = ('#999999', '#E69F00', '#0072B2', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442')
MARKERS = 'osD^vPX*'


def new_figure(width: float, height: float) -> Any:
    """An empty figure, inches; without the state of pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout='constrained')


def save(figure: Any, path: Path) -> None:
    """Writes a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    image = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(image, dpi=150, format='png')
    write_atomically(path, image.getvalue())


def percent_axis(axis: Any, label: str, limit: float = 104.0) -> None:
    """Makes an axis one of per cent."""
    axis.axes.grid(axis=axis.axis_name, alpha=0.3)
    axis.axes.set_axisbelow(True)
    axis.axes.spines[['top', 'right']].set_visible(False)
    getattr(axis.axes, f'set_{axis.axis_name}lim')(0, limit)
    axis.set_ticks(range(0, 101, 20))
    axis.set_label_text(label)


def interval(entry: Mapping[str, Any]) -> tuple[float, list[list[float]]]:
    """Success rate in per cent and its error bar as matplotlib takes it."""
    low, high = entry['wilson95']
    rate = entry['successes'] / max(entry['trials'], 1)
    return 100 * rate, [[100 * max(rate - low, 0.0)], [100 * max(high - rate, 0.0)]]


def wrapped(label: str, width: int = 26) -> str:
    """A long label on several lines, broken after commas and before brackets."""
    lines = ['']
    for part in re.findall(r'\[?[^,\[]*,?', label):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append('')
        lines[-1] += part
    return '\n'.join(lines)


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
