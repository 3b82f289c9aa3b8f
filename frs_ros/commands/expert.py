# SPDX-License-Identifier: Apache-2.0
"""`frs expert`: which tasks of a suite the scripted expert solves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frs_ros.commands.options import add_assets, add_suite
from frs_ros.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option('--tasks', default='all', help="numbers and ranges such as '0-4,7' (default: all)")
    option('--trials', type=int, default=5, help='init states per task (default: %(default)s)')
    option('--first-init', type=int, default=0, help='the first of them (default: %(default)s)')
    option('--workers', type=int, default=2, help='processes (default: %(default)s)')
    add_assets(parser, 'auto')
    option('--json', type=Path, help='write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Runs the trials and prints a table."""
    from frs_ros.commands.task_selection import init_range, parse_tasks
    from frs_ros.evaluation.report import write_json
    from frs_ros.sim import assets, suites
    from frs_ros.sim.trials import run_trials, summarise

    if args.workers < 1:
        raise ConfigError('--workers must be at least 1')
    every = suites.tasks(args.suite)
    chosen = parse_tasks(args.tasks, len(every), {})
    available = min(len(suites.init_states(every[task])) for task in chosen)
    inits = init_range(args.first_init, args.trials, available)
    pack = assets.resolve(args.assets, args.suite).choice
    with closing(run_trials(args.suite, pack, chosen, inits, args.workers)) as trials:  # type: ignore[type-var]
        results = list(_with_progress(trials, len(chosen) * len(inits)))
    rows = summarise(results)
    print(_table(rows))
    if args.json:
        write_json(
            args.json,
            {
                'suite': args.suite,
                'assets': pack,
                'first_init': args.first_init,
                'rows': rows,
                'trials': [asdict(r) for r in results],
            },
        )
        print(f'written: {args.json}')
    return 0


def _with_progress(results: Any, total: int) -> Any:
    from tqdm import tqdm

    interval = 0.1 if sys.stderr.isatty() else 20.0
    solved = 0
    with tqdm(total=total, unit='ep', mininterval=interval) as bar:
        for result in results:
            solved += result.outcome == 'success'
            bar.set_postfix_str(f'{solved} ok', False)
            bar.update()
            yield result


def _table(rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table."""
    lines = ['| task | instruction | solved | steps | failures |', '|---|---|---|---|---|']
    for row in rows:
        failures = '; '.join(
            sorted({f'{f["reason"] or f["outcome"]} at: {f["at"]}' for f in row['failures']})
        )
        steps = '' if row['steps_mean'] is None else f'{row["steps_mean"]:.0f}'
        lines.append(
            f'| {row["task_id"]} | {row["instruction"]} | {row["successes"]}/{row["trials"]} '
            f'| {steps} | {failures} |'
        )
    solved, trials = sum(r['successes'] for r in rows), sum(r['trials'] for r in rows)
    return '\n'.join([*lines, f'| all | | {solved}/{trials} | | |'])
