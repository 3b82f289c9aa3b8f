# SPDX-License-Identifier: Apache-2.0
"""`frs doctor`: what of this machine is ready, and the fix for what is not."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from frs_ros.doctor.finding import CELL, PARTS, SIMULATOR, Finding
from frs_ros.files import write_atomically

_ABOUT = """\
Everything is looked at every time; what differs is which failures count:
  frs doctor             for the simulator: failures of realtime, arm, cameras and guidance are
                         warnings
  frs doctor --cell      for the robot cell: they count; those of simulator and policy do not
  frs doctor --part P    only these parts, and all their failures count; for hosts that do one
                         thing, such as --part realtime,arm for that of the controller
Only two options go to the network. --robot connects to the robot, which sets its collision
thresholds to franky's defaults (20 Nm, 30 N), reads, and moves nothing. --joint-states listens for
3 s to an arm that others drive.
Ends with 0 if nothing failed, 1 if something did, 2 on a wrong option.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    parts = '; '.join(f'{name}: {about}' for name, (about, _) in PARTS.items())
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--cell', action='store_true', help='judge for the robot cell')
    which.add_argument(
        '--part',
        action='append',
        default=[],
        metavar='P[,P]',
        help=f'look at these parts only; may be repeated ({parts})',
    )
    option('--robot', default='', metavar='ADDRESS', help='ask the robot at this address too')
    option(
        '--joint-states',
        default='',
        metavar='TOPIC',
        help='the arm is driven by others: listen to its joint states on this topic',
    )
    option('--json', type=Path, metavar='FILE', help='write the findings to this file')
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = f'{parser.description}\n\n{_ABOUT}'


def run(args: argparse.Namespace) -> int:
    """Examines, prints part by part, writes the JSON; 1 if something failed."""
    from frs_ros.commands.options import software_versions
    from frs_ros.doctor.examination import examine
    from frs_ros.doctor.finding import Options
    from frs_ros.doctor.report import block, summary, tally, to_json
    from frs_ros.doctor.system import LocalSystem

    parts, needed, judged_for = _judgement(args)
    colour = sys.stdout.isatty() and 'NO_COLOR' not in os.environ
    width = min(shutil.get_terminal_size((99, 24)).columns, 120)
    findings: list[Finding] = []
    for part, found in examine(
        LocalSystem(), Options(args.robot, args.joint_states), parts, needed
    ):
        print(block(part, found, colour=colour, width=width), flush=True)
        findings += found
    print(summary(findings, judged_for, colour=colour))
    if args.json:
        record = to_json(findings, judged_for, software_versions())
        write_atomically(args.json, json.dumps(record, indent=2) + '\n')
    return 1 if tally(findings)['fail'] else 0


def _judgement(args: argparse.Namespace) -> tuple[list[str], list[str], str]:
    """Parts to look at, parts whose failures count, and for what that is in words."""
    from frs_ros.errors import ConfigError, choose

    if args.part:
        named = [word for text in args.part for word in text.split(',') if word]
        parts = [choose('part', word, PARTS) for word in named]
        if not parts:
            raise ConfigError(f'--part names no part; choose from: {", ".join(PARTS)}')
        return parts, parts, 'these parts'
    who = CELL if args.cell else SIMULATOR
    needed = [name for name, (_, needs) in PARTS.items() if who in needs]
    return list(PARTS), needed, 'the robot cell' if args.cell else 'the simulator'
