# SPDX-License-Identifier: Apache-2.0
"""`frs card`: the model card of a checkpoint, from its description and its evaluations."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frs_ros.commands.eval import digest_of
from frs_ros.commands.options import add_checkpoint
from frs_ros.documents import read_json
from frs_ros.errors import ConfigError, DataError
from frs_ros.files import write_atomically
from frs_ros.sim.wording import object_type


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_checkpoint(parser)
    option(
        '--evaluation',
        action='append',
        default=[],
        metavar='LABEL=FILE',
        help='results.json of frs eval and what it measured in words; may be repeated',
    )
    option(
        '--command',
        action='append',
        default=[],
        dest='commands',
        help='a command that the checkpoint was made with; may be repeated',
    )
    option('--assets', default='stand-in assets', help='what the objects looked like, in words')
    option('--out', type=Path, required=True, help='Markdown file to write')


def run(args: argparse.Namespace) -> int:
    """Writes the card."""
    from frs_ros.policies.checkpoint import load_policy, read_metadata, resolve
    from frs_ros.training.generalist.model_card import render_model_card

    checkpoint = resolve(args.checkpoint)
    if not (description := read_metadata(checkpoint)):
        raise ConfigError(f'{checkpoint} is no small generalist: there is nothing to say of it')
    policy: Any = load_policy(checkpoint)
    rows = [row for text in args.evaluation for row in _rows(text, digest_of(checkpoint))]
    card = render_model_card(
        description,
        name=checkpoint.stem,
        parameters=sum(p.numel() for p in policy.network.parameters()),
        megabytes=checkpoint.stat().st_size / 1e6,
        assets=args.assets,
        commands=args.commands,
        competence=rows,
    )
    write_atomically(args.out, card)
    print(f'written: {args.out}')
    return 0


def _rows(text: str, digest: str) -> list[dict[str, str]]:
    """One row for each method of an evaluation of the checkpoint with this digest."""
    label, equals, path = text.partition('=')
    if not equals:
        raise ConfigError(f"--evaluation is LABEL=FILE, not '{text}'")
    results = read_json(path)
    try:
        totals, evaluated = results['totals'], results['settings']['checkpoint_sha256']
    except (KeyError, TypeError) as error:
        raise DataError(f'{path} holds no results of frs eval: {error}') from error
    if evaluated != digest:
        raise DataError(
            f'{path} is about another checkpoint, or several; a card needs evaluations of its own '
            'checkpoint alone'
        )
    return [_row(label, total) for total in totals]


def _row(label: str, total: Mapping[str, Any]) -> dict[str, str]:
    low, high = total['wilson95']
    lifted = sorted(total['first_lifted'].items(), key=lambda item: -item[1])
    kinds = Counter(object_type(name) for name, _ in lifted)
    kind_or_name = [
        (object_type(name) if kinds[object_type(name)] == 1 else name, count)
        for name, count in lifted
    ]
    failures = {k: v for k, v in total['outcomes'].items() if k != 'success'}
    return {
        'setting': label,
        'method': total['method'],
        'success': f'{total["successes"]}/{total["trials"]}',
        '95 % interval': f'{100 * low:.0f} .. {100 * high:.0f} %',
        'failures': _counts(failures.items()),
        'first object lifted': _counts(kind_or_name),
    }


def _counts(items: Any) -> str:
    return ', '.join(f'{name.replace("_", " ")} {count}' for name, count in items) or '-'
