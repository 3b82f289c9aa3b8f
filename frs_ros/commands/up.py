# SPDX-License-Identifier: Apache-2.0
"""`frs up NAME key:=value ...`: what `ros2 launch` does, without `launch`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import threading
from collections.abc import Sequence

from frs_ros.errors import ConfigError, DependencyError, choose, how_to_get


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `frs up`; the graphs and what they take are listed in the help."""
    from frs_ros.bringup.graphs import GRAPHS

    lines = []
    for graph in GRAPHS.values():
        lines.append(f'arguments of {graph.name} ({graph.summary}):')
        lines += [f'  {a.name + ":=...":16} {graph.help(a)}' for a in graph.arguments]
    lines.append('  node.parameter:=... sets any parameter of a node (docs/graph.md)')
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = '\n'.join(lines)
    parser.add_argument('graph', metavar='NAME', help=f'graph: {", ".join(GRAPHS)}')
    parser.add_argument(
        'arguments', metavar='key:=value', nargs='*', help='as for ros2 launch, see below'
    )
    parser.add_argument(
        '--keep-going', action='store_true', help='when a node fails, let the others go on'
    )


def run(args: argparse.Namespace) -> int:
    """Starts the nodes of a graph and ends them together; see `Supervisor.run` for the result."""
    from importlib.util import find_spec

    from frs_ros.bringup import preflight
    from frs_ros.bringup.foreground import has_terminal
    from frs_ros.bringup.graphs import GRAPHS
    from frs_ros.bringup.supervisor import ENVIRONMENT, Supervisor

    graph = GRAPHS[choose('graph', args.graph, GRAPHS)]
    processes = graph.processes(assignments(args.arguments))
    if find_spec('rclpy') is None or find_spec('frs_ros.msg') is None:
        raise DependencyError(f'ROS 2 is not in this environment; {how_to_get("rclpy")}')
    warnings = [*preflight.check(args.arguments), preflight.claim(processes[0].namespace)]
    for line in filter(None, warnings):
        print(f'warning: {line}', file=sys.stderr, flush=True)
    without = [p for p in processes if p.row.needs_keys and not has_terminal()]
    for process in without:
        print(process.hint, flush=True)
    commands = [p.supervised() for p in processes if p not in without]
    environment = {**ENVIRONMENT, **os.environ}
    return Supervisor(commands, _say(), environment, keep_going=args.keep_going).run()


def assignments(words: Sequence[str]) -> dict[str, str]:
    """['key:=value', ...] as a dictionary; ConfigError on any other word."""
    given = {}
    for word in words:
        name, mark, value = word.partition(':=')
        if not mark or not name:
            raise ConfigError(f"'{word}' is not of the form key:=value")
        given[name] = value
    return given


def _say():  # noqa: ANN202
    """A function that prints whole lines from several threads."""
    lock = threading.Lock()
    if isinstance(sys.stdout, io.TextIOWrapper):  # nodes write UTF-8, whatever the terminal shows
        sys.stdout.reconfigure(errors='backslashreplace')

    def say(line: str) -> None:
        with lock:
            sys.stdout.write(line + '\n')
            sys.stdout.flush()

    return say
