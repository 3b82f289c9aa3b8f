# SPDX-License-Identifier: Apache-2.0
"""`frs report`: tables and figures from the folders of `frs eval`, for a page or on their own."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frs_ros.commands.eval import parse_pair
from frs_ros.errors import ConfigError, DataError
from frs_ros.files import write_atomically

RATES, FAILURES = 'rates', 'failures'
ENDINGS = ('.md', '.json', '.png')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option(
        'runs',
        type=Path,
        nargs='*',
        metavar='RUN_DIR',
        help='folders of frs eval; several are pooled, over suites, methods and seeds of '
        'training and evaluation',
    )
    option(
        '--out',
        type=Path,
        action='append',
        default=[],
        metavar='F',
        help='.md: tables with the commands that made them, .json: the numbers, .png: a figure; '
        'may be repeated; without it the tables are printed',
    )
    option(
        '--plot',
        default=RATES,
        help='what a figure shows: rates, failures, nfe or latency (success over the cost of a '
        'plan), or success over an option, a condition or magnitude, such as wrong, steps or '
        'strength (default: %(default)s)',
    )
    option(
        '--compare',
        action='append',
        default=[],
        metavar='A,B',
        help='two methods to compare on the same init states besides those with --against',
    )
    option(
        '--against',
        default='',
        metavar='A',
        help='the method that each other is compared with (default: base, if it was evaluated)',
    )
    option(
        '--methods',
        default='',
        help='methods to show (default: all), as the tables name them',
    )
    option('--title', default='', help='above a figure')
    option(
        '--page',
        type=Path,
        metavar='PAGE.md',
        help='makes every block "<!-- frs report ARGUMENTS -->" to "<!-- end of report -->" of '
        'this page anew: the tables, or the figures that --out names, relative to the page',
    )


def run(args: argparse.Namespace) -> int:
    """Writes what was asked for."""
    if args.page:
        if args.runs or args.out:
            raise ConfigError('--page takes its folders and files from the page; give it alone')
        _regenerate(args.page)
        print(f'written: {args.page}')
        return 0
    text = _report(args)
    if args.out:
        print('written:', ', '.join(map(str, args.out)))
    else:
        print(text, end='')
    return 0


def _report(args: argparse.Namespace, beside: Path = Path()) -> str:
    """Writes the files, those with a relative name beside a page; returns the tables."""
    from frs_ros.evaluation.markdown import markdown
    from frs_ros.evaluation.pooled import own_numbers, summarise_pool
    from frs_ros.evaluation.report import write_json
    from frs_ros.evaluation.runs import pool, read_run

    if not args.runs:
        raise ConfigError('give the folder of an evaluation, or a page with --page')
    for path in args.out:
        if path.suffix not in ENDINGS:
            raise ConfigError(f"--out ends in {', '.join(ENDINGS)}, not '{path}'")
    pooled = pool([read_run(folder) for folder in dict.fromkeys(args.runs)])
    if args.methods:
        pooled = pooled.only(args.methods)
    results = summarise_pool(pooled, [parse_pair(text) for text in args.compare], args.against)
    text = markdown(results)
    for path in (beside / path for path in args.out):
        if path.suffix == '.md':
            write_atomically(path, text)
        elif path.suffix == '.json':
            write_json(path, results)
        else:
            _draw(path, results, args.plot, own_numbers(pooled), args.title)
    return text


def _draw(
    path: Path, results: Mapping[str, Any], plot: str, own: Mapping[str, int], title: str
) -> None:
    from frs_ros.evaluation.plots import COSTS, plot_cost, plot_failures, plot_rates
    from frs_ros.evaluation.sweep_plot import plot_sweep

    methods = results['methods']
    if plot == RATES:
        plot_rates(path, methods, title)
    elif plot == FAILURES:
        plot_failures(path, methods, title)
    elif plot in COSTS:
        plot_cost(path, methods, plot, title)
    else:
        plot_sweep(path, methods, plot, own, title)


def _regenerate(page: Path) -> None:
    """Makes the blocks of a page anew; folders of runs are relative to the current folder."""
    from frs_ros.evaluation.markdown import regenerate

    def make(arguments: str) -> str:
        parser = _BlockParser(add_help=False)
        add_arguments(parser)
        args = parser.parse_args(shlex.split(arguments))
        text = _report(args, page.parent)
        figures = [path for path in args.out if path.suffix == '.png']
        lines = [f'![{args.title or path.stem}]({path.as_posix()})' for path in figures]
        return '\n\n'.join(lines) if lines else text

    try:
        old = page.read_text(encoding='utf-8')
        write_atomically(page, regenerate(old, make))
    except FileNotFoundError:
        raise DataError(f'there is no page {page}') from None


class _BlockParser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in a page."""

    def error(self, message: str) -> Any:
        raise ConfigError(f'in the page: {message}')
