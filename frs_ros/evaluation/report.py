# SPDX-License-Identifier: Apache-2.0
"""Numbers of an evaluation: `results.json` and the table on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.evaluation.journal import EpisodeRecord
from frs_ros.evaluation.method import UNSTEERED
from frs_ros.evaluation.pairs import compare, sentence
from frs_ros.evaluation.samples import about, checkpoint_names, numbers, samples_of
from frs_ros.evaluation.settings import EvaluationSettings
from frs_ros.files import write_atomically

Results = dict[str, Any]


def summarise(
    records: Sequence[EpisodeRecord],
    settings: EvaluationSettings,
    *,
    compare_also: Sequence[tuple[str, str]] = (),
    task_names: Mapping[int, str] | None = None,
    versions: Mapping[str, str] | None = None,
    policy: Mapping[str, int] | None = None,
    command: str = '',
) -> Results:
    """Counts per task and method (`rows`) and per method (`totals`), as `results.json` holds them.

    Args:
        records: All episodes.
        settings: What was evaluated.
        compare_also: Pairs of method labels to compare besides each method with 'base'.
        task_names: Instructions by task number, for readers of the file.
        versions: Versions of the software that made the numbers.
        policy: The policy's own numbers, `steps` and `replan`.
        command: The command that did.
    """
    labels = [method.label for method in settings.methods]
    names = checkpoint_names(settings.checkpoints)
    samples = samples_of(records, settings, {label: label for label in labels}, names)
    rows, totals = [], []
    for method in settings.methods:
        of_method = [sample for sample in samples if sample.method == method.label]
        this = about(method.label, method, method.under(settings.conditions))
        for task_id in settings.tasks:
            of_task = [sample for sample in of_method if sample.record.task_id == task_id]
            row = {'suite': settings.suite, 'task_id': task_id, **this}
            if task_names:
                row['instruction'] = task_names[task_id]
            rows.append(row | numbers(of_task))
        totals.append(this | numbers(of_method))
    pairs = [(label, UNSTEERED) for label in labels if label != UNSTEERED]
    pairs = [pair for pair in pairs if UNSTEERED in labels]
    found = [compare(*pair, samples) for pair in dict.fromkeys([*pairs, *compare_also])]
    return {
        'rows': rows,
        'totals': totals,
        'comparisons': [comparison for comparison in found if comparison],
        'settings': settings.to_json(),
        'versions': dict(versions or {}),
        'policy': dict(policy or {}),
        'command': command,
    }


def write_json(path: Path, results: Results) -> None:
    """Writes results for machines; a value that is not a number is null, never NaN."""
    write_atomically(path, json.dumps(results, indent=2, allow_nan=False) + '\n')


def table(results: Results) -> str:
    """The results as text: one line per task and method, then the totals with failure classes."""
    head = ('task', 'method', 'success', 'rate', '95 % interval', 'steps', 'NFE', 'plan ms')
    entries = [*results['rows'], *results['totals']]
    lines = [_cells(str(row['task_id']), row) for row in results['rows']]
    lines += [_cells('all', total) for total in results['totals']]
    if len(results['settings']['checkpoint'].split(',')) > 1:
        lines += _checkpoint_cells(results['totals'])
        entries += [{'outcomes': {}}] * (len(lines) - len(entries))
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    text = ['  '.join(cell.ljust(width) for cell, width in zip(head, widths)) + '  failures']
    for line, entry in zip(lines, entries):
        failures = ', '.join(
            f'{name} {count}' for name, count in entry['outcomes'].items() if name != 'success'
        )
        cells = '  '.join(cell.ljust(width) for cell, width in zip(line, widths))
        text.append(f'{cells}  {failures or "-"}')
    text += [sentence(comparison) for comparison in results['comparisons']]
    return '\n'.join(text)


def _cells(task: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    low, high = entry['wilson95']
    optional = [entry.get(key) for key in ('steps_mean', 'nfe_mean', 'plan_ms_p50')]
    return (
        task,
        entry['method'],
        f'{entry["successes"]}/{entry["trials"]}',
        f'{100 * entry["rate"]:.0f} %' if entry['trials'] else '-',
        f'{100 * low:.0f} .. {100 * high:.0f} %',
        *('-' if value is None else f'{value:.4g}' for value in optional),
    )


def _checkpoint_cells(totals: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        _cells(part['checkpoint'], {**part, 'method': total['method']})
        for total in totals
        for part in total['by_checkpoint']
    ]
