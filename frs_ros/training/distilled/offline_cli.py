# SPDX-License-Identifier: Apache-2.0
"""Command line of `frs train offline-dsbc`."""

from __future__ import annotations

import argparse
from pathlib import Path

from frs_ros.folders import locked, whole_folder
from frs_ros.policies.noise.description import DSBC
from frs_ros.training.distilled.cli import add_training, conclude, config_from

DATASET = 'labels'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    option = parser.add_argument
    option(
        '--demos',
        type=Path,
        required=True,
        action='append',
        help='demonstrations made by frs collect or frs bag import; may be given several times',
    )
    option(
        '--checkpoint',
        default='mini',
        help='the generalist whose noise is looked for, as in frs eval (default: %(default)s)',
    )
    option(
        '--instruction',
        action='append',
        default=[],
        help='only demonstrations of this task, in words; may be repeated (default: all)',
    )
    option('--limit', type=int, default=0, help='at most so many demonstrations (default: all)')
    option(
        '--every',
        type=int,
        default=0,
        metavar='N',
        help='steps between two chunks, 1 for every image (default: as many as the policy '
        'executes of a chunk)',
    )
    option(
        '--max-error',
        type=float,
        default=0.05,
        help='labels whose round trip errs by more are dropped and counted; RMS in model space, '
        'where 1 is full command (default: %(default)s)',
    )
    option(
        '--alone',
        type=float,
        default=0.4,
        metavar='RMS',
        help="chunks to which nearly all of the policy's own plans come this near are left to it, "
        'as by an operator who lets go; 0 for none (default: %(default)s, in model space)',
    )
    add_training(parser, DSBC, variants=True)
    parser.set_defaults(steps=400, batch=96)  # a step costs more than one on noise labels


def run(args: argparse.Namespace) -> None:
    """Labels, keeps the labels as a dataset, trains."""
    import torch
    from tqdm import tqdm

    from frs_ros.datasets.distillation import save_dataset
    from frs_ros.errors import ConfigError
    from frs_ros.policies.checkpoint import load_policy
    from frs_ros.training.distilled.demonstrated import (
        check_rates,
        chosen_files,
        read,
        sources,
    )
    from frs_ros.training.distilled.offline import Labelling, label_demonstrations
    from frs_ros.training.distilled.through_sampler import ThroughSampler, stacking
    from frs_ros.training.distilled.training import distil

    config = config_from(args)
    if args.limit < 0:
        raise ConfigError('--limit must not be negative')
    settings = Labelling(
        every=args.every, max_error=args.max_error, alone=args.alone, seed=args.seed
    )
    torch.set_num_threads(1)  # the workers of the training are threads of their own
    policy = stacking(load_policy(args.checkpoint))
    check_rates(args.demos, policy.spec.control_hz)
    files = chosen_files(args.demos, args.instruction, args.limit)
    bar = tqdm(read(files), total=len(files), desc='labelling', unit='ep')
    folder = args.out / DATASET
    with locked(args.out):
        with whole_folder(folder) as unfinished:  # one that is there is refused before the work
            labelled = label_demonstrations(policy, bar, settings, sources(args.demos))
            dataset = labelled.dataset
            save_dataset(dataset, unfinished)
        dropped = ', '.join(f'{count} {why}' for why, count in dataset.info.dropped.items())
        print(f'{dataset.samples} labels in {folder}; dropped: {dropped or "none"}')
        objective = ThroughSampler(policy, labelled.contexts, labelled.actions)
        metrics = distil(dataset, str(folder), args.out, DSBC, config, objective=objective)
    conclude(args, metrics)
