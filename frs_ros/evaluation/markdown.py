# SPDX-License-Identifier: Apache-2.0
"""Pooled results as Markdown, and pages whose tables and figures are generated from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frs_ros.errors import DataError
from frs_ros.evaluation.samples import SEEDS
from frs_ros.evaluation.settings import STOCK
from frs_ros.text import one_line, printable

MOST_PARTS = 10  # more do not fit a cell
NOTHING = {'successes': 0, 'trials': 0}


def markdown(results: Mapping[str, Any]) -> str:
    """Tables, notes and the commands that made them."""
    methods = results['methods']
    seeds = _seeds(methods)
    several = {column: names for column, names in seeds.items() if len(names) > 1}
    rows = [_row(method, several) for method in methods]
    blocks = [_setting(results, seeds), markdown_table(rows)]
    parts = [part['part'] for part in methods[0]['parts']]
    if 1 < len(parts) <= MOST_PARTS:
        blocks.append(f'"Parts" are {printable(", ".join(parts))}, in this order.')
    for column, names in several.items():
        blocks.append(f'"{column.capitalize()}" are {", ".join(map(str, names))}, in this order.')
    if results['comparisons']:
        kinds = ' and '.join(several)
        seeds_too = f', pairs of all {kinds} taken as independent' if several else ''
        blocks.append(f'On the same init states (p: exact McNemar test{seeds_too}):')
        blocks.append(markdown_table([_pair(c) for c in results['comparisons']]))
    blocks += [f'**{printable(note)}**' for note in results['notes']]
    commands = [run['command'] for run in results['runs'] if run['command']]
    if commands:
        blocks.append('\n'.join(['```sh', *commands, '```']))
    return '\n\n'.join(blocks) + '\n'


def _seeds(methods: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """All seeds of training and of evaluation, by the head of their column."""
    return {
        column: sorted({part[name] for method in methods for part in method[parts]})
        for column, (parts, name) in SEEDS.items()
    }


def _row(method: Mapping[str, Any], several: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    low, high = method['wilson95']
    row = {
        'method': f'`{method["method"]}`',
        'solved': _count(method),
        'rate': _percent(method['rate']),
        '95 % interval': f'{100 * low:.0f} to {100 * high:.0f} %',
    }
    parts = method['parts']
    if 1 < len(parts) <= MOST_PARTS:
        row['parts'] = _counts(parts)
    for column, names in several.items():
        of_seeds, name = SEEDS[column]
        of_seed = {part[name]: part for part in method[of_seeds]}
        row[column] = _counts([of_seed.get(seed, NOTHING) for seed in names])
    return row | {
        'steps of successes': _number(method['steps_mean_successes'], '.0f'),
        'NFE': _number(method['nfe_mean'], '.1f'),
        'ms (p50)': _number(method['plan_ms_p50'], '.1f'),
        'failures': _failures(method['outcomes']),
    }


def _pair(comparison: Mapping[str, Any]) -> dict[str, str]:
    low, high = comparison['points95']
    return {
        'method': f'`{comparison["method"]}`',
        'against': f'`{comparison["against"]}`',
        'pairs': str(comparison['pairs']),
        'only it solved': str(comparison['wins']),
        'only the other': str(comparison['losses']),
        'points': f'{comparison["points"]:+.0f}',
        '95 % interval': f'{low:+.0f} to {high:+.0f}',
        'p': f'{comparison["p_value"]:.2g}',
    }


def _setting(results: Mapping[str, Any], seeds: Mapping[str, Sequence[Any]]) -> str:
    """What all of it was run on, in one sentence."""
    runs = [run['settings'] for run in results['runs']]
    tasks: dict[str, dict[int, None]] = {}
    for run in runs:
        tasks.setdefault(run['suite'], {}).update(dict.fromkeys(run['tasks']))
    suites = '; '.join(f'`{suite}` {_ranges(sorted(ids))}' for suite, ids in tasks.items())
    inits = {i for r in runs for i in range(r['first_init'], r['first_init'] + r['trials'])}
    trained, evaluated = seeds['training seeds'], seeds['evaluation seeds']
    first = runs[0]
    varied = [f'layout {first["layout"]}'] if first['layout'] != STOCK else []
    targets = list(dict.fromkeys(run['target'] for run in runs))
    if targets != [STOCK]:
        varied.append(f'targets {", ".join(targets)}')
    checkpoints = f'{len(trained)} training seeds' if len(trained) > 1 else 'one training seed'
    noise = 'evaluation seeds' if len(evaluated) > 1 else 'evaluation seed'
    return ', '.join(
        [
            f'Tasks {suites}',
            f'init states {_ranges(sorted(inits))}',
            *varied,
            f'assets `{first["assets"]}`',
            checkpoints,
            f'{noise} {", ".join(map(str, evaluated))}.',
        ]
    )


def _ranges(numbers: Sequence[int]) -> str:
    """[0, 1, 2, 5] -> '0-2, 5'."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ', '.join(f'{g[0]}-{g[-1]}' if len(g) > 1 else str(g[0]) for g in groups)


def _count(part: Mapping[str, Any]) -> str:
    return f'{part["successes"]}/{part["trials"]}'


def _counts(parts: Sequence[Mapping[str, Any]]) -> str:
    """Successes; with trials where those differ."""
    if len({part['trials'] for part in parts}) == 1:
        return ' / '.join(str(part['successes']) for part in parts)
    return ', '.join(_count(part) for part in parts)


def _percent(rate: float | None) -> str:
    return '-' if rate is None else f'{100 * rate:.0f} %'


def _number(value: float | None, form: str) -> str:
    return '-' if value is None else format(value, form)


def _failures(outcomes: Mapping[str, int]) -> str:
    failed = sorted(((n, name) for name, n in outcomes.items() if name != 'success'), reverse=True)
    return ', '.join(f'{name} {n}' for n, name in failed) or '-'


BEGIN = re.compile(r'<!-- frs report (?P<arguments>.*?) -->')
END = '<!-- end of report -->'


def regenerate(text: str, make: Callable[[str], str]) -> str:
    """The page with every block made anew.

    Args:
        text: The page.
        make: The Markdown of a block from the arguments in its first comment.

    Raises:
        DataError: The page has no block, or one has no end.
    """
    parts, position = [], 0
    for found in BEGIN.finditer(text):
        if found.start() < position:
            raise DataError(f'"{found[0]}" begins before the block above it has an "{END}"')
        end = text.find(END, found.end())
        if end < 0:
            raise DataError(f'"{found[0]}" has no "{END}"')
        block = make(found['arguments']).strip('\n')
        parts += [text[position : found.end()], f'\n{block}\n', END]
        position = end + len(END)
    if not parts:
        raise DataError('the page has no block that begins with "<!-- frs report ... -->"')
    return ''.join([*parts, text[position:]])


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as a Markdown table; the keys are the head."""
    head = list(rows[0])
    lines = [head, ['---'] * len(head), *([_cell(row[key]) for key in head] for row in rows)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _cell(value: Any) -> str:
    """Text of one cell: labels and paths of others may neither end it nor its row."""
    return one_line(value, 500).replace('|', '\\|')
