# SPDX-License-Identifier: Apache-2.0
"""The `frs` command: finds the module of a command, parses, runs, and words the errors."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from frs_ros.errors import ConfigError, FrsError, not_installed
from frs_ros.files import refusal
from frs_ros.program import EXIT_INTERRUPTED

# Command words -> (module with add_arguments(parser) and run(args), one line of help).
COMMANDS = {
    ('demo',): (
        'frs_ros.commands.demo',
        'a held-out task unsteered and steered through the ROS graph, as a video',
    ),
    ('up',): ('frs_ros.commands.up', 'start the nodes of a graph as processes'),
    ('eval',): ('frs_ros.commands.eval', 'compare steering methods over many LIBERO episodes'),
    ('report',): ('frs_ros.commands.report', 'tables and figures of evaluations'),
    ('collect',): ('frs_ros.commands.collect', "collect the scripted expert's demonstrations"),
    ('expert',): ('frs_ros.commands.expert', 'which tasks the scripted expert solves'),
    ('render',): ('frs_ros.commands.render', "draw a dataset's images again"),
    ('train', 'generalist'): (
        'frs_ros.training.generalist.cli',
        'train the small flow-matching policy on demonstrations',
    ),
    ('train', 'dsbc'): (
        'frs_ros.training.distilled.dsbc_cli',
        'distil steered episodes into a small network that makes the noise',
    ),
    ('train', 'offline-dsbc'): (
        'frs_ros.training.distilled.offline_cli',
        'the same from demonstrations: their noise is found by inversion',
    ),
    ('train', 'bc'): (
        'frs_ros.training.distilled.bc_cli',
        'behaviour cloning of the same episodes, the baseline of dsbc',
    ),
    ('card',): ('frs_ros.commands.card', 'write the model card of a checkpoint'),
    ('bench', 'plan'): ('frs_ros.commands.bench_plan', 'time and velocity evaluations of a plan'),
    ('bench', 'inversion'): (
        'frs_ros.commands.bench_inversion',
        "how well inverse solvers undo the policy's own samples, and their cost",
    ),
    ('bench', 'graph'): (
        'frs_ros.commands.bench_graph',
        'the ROS graph against the in-process evaluator',
    ),
    ('bench', 'recorder'): (
        'frs_ros.commands.bench_recorder',
        'two raw cameras and an arm into a bag: losses and cost',
    ),
    ('bench', 'bag'): ('frs_ros.commands.bench_bag', 'speed of making a dataset from a bag'),
    ('bag', 'info'): ('frs_ros.commands.bag_info', 'episodes, topics and losses of bags'),
    ('bag', 'convert'): ('frs_ros.commands.bag_convert', 'make the dataset of a noise policy'),
    ('bag', 'export'): ('frs_ros.commands.bag_export', 'write a LeRobot dataset'),
    ('bag', 'import'): (
        'frs_ros.commands.bag_import',
        'take demonstrations over from LeRobot datasets and LIBERO or robomimic files',
    ),
    ('bag', 'play'): ('frs_ros.commands.bag_play', 'publish the messages of a bag'),
    ('doctor',): ('frs_ros.commands.doctor', 'what of this machine is ready, and how to fix it'),
}
GROUPS = {'train': 'train a policy', 'bench': 'measure speed', 'bag': 'recordings of episodes'}

EXIT_ERROR = 2
EXIT_UNREAD = 141  # as shells say of SIGPIPE


class _Parser(argparse.ArgumentParser):
    """Words a wrong argument as one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f'{message} (see {self.prog} --help)')


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from frs_ros.commands.options import package_version

        print(f'frs {package_version()}')
        parser.exit()


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the module of the command named in `argv` is imported."""
    parser = _Parser(
        prog='frs',
        description='Steer flow-matching robot policies: Flow Reversal Steering on ROS 2 and in '
        'LIBERO.',
        epilog="'frs COMMAND --help' tells more about a command.",
    )
    parser.add_argument('--version', action=_Version, nargs=0, help='print the version and exit')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    groups: dict[tuple[str, ...], argparse._SubParsersAction] = {(): commands}
    for words, (module_name, text) in COMMANDS.items():
        group = words[:-1]
        if group not in groups:
            about = GROUPS[group[0]]
            groups[group] = commands.add_parser(
                group[0], help=about, description=about
            ).add_subparsers(dest='subcommand', metavar='WHAT', required=True)
        command = groups[group].add_parser(words[-1], help=text, description=text)
        if tuple(argv[: len(words)]) == words:
            module = importlib.import_module(module_name)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns:
        What the command returns (None counts as 0); 2 after an error that is shown as one line on
        stderr; 130 after Ctrl-C; 141 when nobody reads stdout any more, as behind `| head`.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a locale may lack characters of an instruction
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        code = _run(argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _give_up_stdout()
        return EXIT_UNREAD
    except FrsError as error:
        return _complain(str(error))
    except OSError as error:  # a full disk, a folder that may not be written, and the like
        line = refusal(error)
        if not line:
            raise
        return _complain(line)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _complain(text: str) -> int:
    with contextlib.suppress(OSError):  # stderr may lie on the same full disk
        print(f'frs: error: {" ".join(text.split())}', file=sys.stderr, flush=True)
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_stdout()
    return EXIT_ERROR


def _give_up_stdout() -> None:
    """Lets the flush at exit succeed: what is left has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: Sequence[str]) -> int:
    try:
        args = build_parser(argv).parse_args(argv)
        return args.run(args) or 0
    except ModuleNotFoundError as error:
        # What is not installed is for the user to fix; the messages exist only after a build.
        raise not_installed(error) from error


if __name__ == '__main__':
    sys.exit(main())
