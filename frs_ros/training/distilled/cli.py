# SPDX-License-Identifier: Apache-2.0
"""What the command lines of `frs train dsbc`, `bc` and `offline-dsbc` have in common."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from frs_ros.policies.noise.description import KIND_OF
from frs_ros.training.distilled.config import AUGMENTATIONS, AUTO, ENCODER_NAMES, DistilConfig

_NAMES = {'learning_rate': '--lr'}


def add_training(parser: argparse.ArgumentParser, kind: str, *, variants: bool) -> None:
    """`--out`, `--json` and the settings of the training."""
    default = DistilConfig()
    option = parser.add_argument
    option('--out', type=Path, required=True, help='folder for the results')
    option('--json', type=Path, metavar='FILE', help='also write the metrics here')
    if variants:
        known = [variant for variant, of in KIND_OF.items() if of == kind]
        option(
            '--variant',
            choices=[AUTO, *known],
            default=AUTO,
            help="repeated: one noise vector for all rows, likelihood (the paper's for LIBERO); "
            "chunk: all of the noise, least squares (the paper's for DROID); chunk_nll: all of "
            'it, likelihood (default: auto, by action space)',
        )
    for name, text in (
        ('steps', 'optimiser steps'),
        ('batch', 'observations per step'),
        ('learning_rate', 'peak of the cosine schedule'),
        ('seed', 'of weights, batches, augmentation and noise'),
        ('val_episodes', 'successful episodes held out, the last ones'),
        ('width', "of the three hidden layers; 0: the paper's, 128 or 256 by action space"),
        ('threads', 'CPU threads'),
    ):
        value = getattr(default, name)
        flag = _NAMES.get(name, f'--{name.replace("_", "-")}')
        shown = f'{text} (default: %(default)s)'
        option(flag, dest=name, type=type(value), default=value, help=shown)
    option(
        '--augment',
        choices=AUGMENTATIONS,
        default=default.augment,
        help='shift: images are moved by up to 4 pixels (default: %(default)s)',
    )
    option(
        '--encoder',
        choices=ENCODER_NAMES,
        default=default.encoder,
        help="of images; dsrl: DSRL's, 20 times as slow (default: %(default)s)",
    )
    option(
        '--early-stopping',
        action='store_true',
        help='keep the weights with the least held-out loss',
    )
    option(
        '--proprio',
        action=argparse.BooleanOptionalAction,
        default=default.proprio,
        help='feed proprioception too (default: yes)',
    )
    if variants:
        option(
            '--defer',
            action=argparse.BooleanOptionalAction,
            default=default.defer,
            help='learn when the operator let go, and leave the noise to the policy there '
            '(default: yes, if some chunks were steered and others not)',
        )


def config_from(args: argparse.Namespace) -> DistilConfig:
    """The settings; ConfigError if one does not fit."""
    names = DistilConfig.__dataclass_fields__.keys() & vars(args).keys()
    return DistilConfig(**{name: getattr(args, name) for name in names})


def conclude(args: argparse.Namespace, metrics: dict[str, Any]) -> None:
    """Writes the JSON and says what came out."""
    from frs_ros.evaluation.report import write_json
    from frs_ros.training.distilled.training import METRICS, REPORT

    if args.json:
        write_json(args.json, metrics)
    losses = ', '.join(f'{name} {value:.4f}' for name, value in metrics['loss'].items())
    print(
        f'trained {metrics["kind"]} ({metrics["variant"]}) on {metrics["samples"]} chunks of '
        f'{metrics["data"]["episodes"]} successful episodes in {metrics["seconds"]:.1f} s, '
        f'{metrics["peak_memory_mb"]:.0f} MB; loss: {losses}'
    )
    for part, error in metrics['error'].items():
        print(f'  {part.replace("_", "-")} labels explained: {error["explained"]:.0%}')
    for part, decided in metrics['deferral'].items():
        print(f'  {part.replace("_", "-")} decisions to let go right: {decided["right"]:.1%}')
    for file in (metrics['checkpoint'], args.out / METRICS, args.out / REPORT):
        print(f'  {file}')
    method = f'{metrics["kind"]}[checkpoint={metrics["checkpoint"]}]'
    print(f"run it: frs eval --methods 'base,{method}' --tasks ... --out ...")
