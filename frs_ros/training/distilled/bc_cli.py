# SPDX-License-Identifier: Apache-2.0
"""Command line of `frs train bc`."""

from __future__ import annotations

import argparse
from pathlib import Path

from frs_ros.folders import locked
from frs_ros.policies.noise.description import BC
from frs_ros.training.distilled.cli import add_training, conclude, config_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument('--data', type=Path, required=True, help='dataset made by frs bag convert')
    add_training(parser, BC, variants=False)


def run(args: argparse.Namespace) -> None:
    """Trains and says where the results are."""
    from frs_ros.datasets.distillation import load_dataset
    from frs_ros.training.distilled.training import distil

    config = config_from(args)
    dataset = load_dataset(args.data)
    with locked(args.out):
        metrics = distil(dataset, str(args.data), args.out, BC, config)
    conclude(args, metrics)
