# SPDX-License-Identifier: Apache-2.0
"""The part of `frs bench graph` that runs a robot cell without hardware."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_ros.errors import ConfigError, DataError

if TYPE_CHECKING:
    from frs_ros.bringup.graph import Process

DRIVERS = ('kinematic', 'franky')
BAR = 'cell: {n:.0f} of {total:.0f} s |{bar}|'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options that concern the cell only."""
    option = parser.add_argument
    option(
        '--seconds',
        type=float,
        default=20.0,
        help='for how long the cell is measured (default: %(default)s)',
    )
    option(
        '--driver',
        choices=DRIVERS,
        default=DRIVERS[0],
        help='arm of the cell; franky: franky-sim (default: %(default)s)',
    )


def processes(args: argparse.Namespace) -> list[Process]:
    """The nodes of the cell; the benchmark itself guides. FrsError if an argument does not fit."""
    from frs_ros.bringup.graphs.droid_sim import DROID_SIM

    if not 1.0 <= args.seconds <= 3600.0:
        raise ConfigError('--seconds must be from 1 to 3600')
    given = {
        'driver': args.driver,
        'checkpoint': args.checkpoint,
        'method': args.method,
        'seed': str(args.seed),
        'guidance': 'none',
        'policy_server.guidance_sync': 'latest',
    }
    return DROID_SIM.processes(given)


def measure(args: argparse.Namespace, log: Path) -> dict[str, Any]:
    """Runs the cell for `--seconds` and returns its numbers.

    Raises:
        GraphError: A node failed.
        DataError: The arm never moved.
    """
    from tqdm import tqdm

    from frs_ros.benchmarks.cell import summary
    from frs_ros.bringup.listeners.cell_listener import CellListener
    from frs_ros.bringup.listeners.recorded_run import free_domain, run_graphs
    from frs_ros.cameras.codec import decode_jpeg
    from frs_ros.cameras.synthetic import read_number
    from frs_ros.policies.description import interface_of

    cell, domain = processes(args), free_domain()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')  # for the listener
    with tqdm(total=args.seconds, unit='s', leave=False, bar_format=BAR) as bar:
        listener = CellListener(
            interface_of(args.checkpoint).cameras,
            domain,
            args.seconds,
            on_time=lambda elapsed: bar.update(elapsed - bar.n),
        )
        with listener:
            run_graphs({'': cell}, domain, log, listener.begun)
    if not listener.seconds:
        raise DataError('the arm of the cell did not move; run again')
    return summary(listener.tape, listener.seconds, lambda jpeg: read_number(decode_jpeg(jpeg)))
