# SPDX-License-Identifier: Apache-2.0
"""Command line of the generalist's training."""

from __future__ import annotations

import argparse
from pathlib import Path

from frs_ros.folders import locked
from frs_ros.training.generalist.config import GeneralistConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `frs train generalist`."""
    default = GeneralistConfig()
    parser.add_argument(
        '--data',
        type=Path,
        required=True,
        action='append',
        help='dataset made by frs collect; may be given several times',
    )
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    parser.add_argument('--resume', action='store_true', help='go on with an interrupted run')
    parser.add_argument('--json', type=Path, metavar='FILE', help='also write the metrics here')
    for name, text in (
        ('steps', 'optimiser steps on the whole network'),
        ('head_steps', 'steps on the flow head alone afterwards'),
        ('batch', 'images per camera and step'),
        ('draws', 'noise draws per image'),
        ('learning_rate', 'peak of the cosine schedule'),
        ('instruction_dropout', 'share of samples without instruction'),
        ('validate_every', 'steps between validation losses'),
        ('save_every', 'steps between saves'),
        ('seed', 'of weights, batches, augmentation and noise'),
        ('threads', 'CPU threads'),
    ):
        value = getattr(default, name)
        parser.add_argument(
            f'--{name.replace("_", "-")}',
            type=type(value),
            default=value,
            help=f'{text} (default: %(default)s)',
        )
    parser.add_argument(
        '--held-out',
        default=','.join(default.held_out),
        metavar='TYPES',
        help='object types and instructions that the data must not have (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> None:
    """Trains and says where the results are."""
    from frs_ros.evaluation.report import write_json
    from frs_ros.training.generalist.training import CHECKPOINT, METRICS, PLOT, train_generalist

    names = GeneralistConfig.__dataclass_fields__.keys() & vars(args).keys() - {'held_out'}
    config = GeneralistConfig(
        held_out=tuple(filter(None, args.held_out.split(','))),
        **{name: getattr(args, name) for name in names},
    )
    with locked(args.out):
        metrics = train_generalist(args.data, args.out, config, resume=args.resume)
    if args.json:
        write_json(args.json, metrics)
    losses = ', '.join(f'{k} {v:.4f}' for k, v in metrics['final'].items())
    print(f'trained in {metrics["seconds"]:.0f} s; {losses}')
    for name in (CHECKPOINT, METRICS, PLOT):
        print(f'  {args.out / name}')
