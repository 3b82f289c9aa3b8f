# SPDX-License-Identifier: Apache-2.0
"""Which nodes make up a graph, and its arguments: one source for launch files and `frs up`."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.nodes.parameters.human_guidance import HumanGuidanceParameters
from frs_ros.nodes.parameters.libero_bridge import LiberoBridgeParameters
from frs_ros.nodes.parameters.oracle_guidance import OracleGuidanceParameters
from frs_ros.nodes.parameters.policy_server import PolicyServerParameters
from frs_ros.ros.options import meta, validated

# Node name -> its parameters. Every node has an executable and a config/<node>.yaml of its name.
NODES: dict[str, type] = {
    'libero_bridge': LiberoBridgeParameters,
    'policy_server': PolicyServerParameters,
    'oracle_guidance': OracleGuidanceParameters,
    'human_guidance': HumanGuidanceParameters,
}


@dataclass(frozen=True)
class Argument:
    """A launch argument. Left empty, the nodes' configuration files decide.

    Attributes:
        name: As in `name:=value`.
        sets: Node and parameter that it sets.
        description: For listings; taken from the parameter unless given here.
        words: Valid values -> value of the parameter; empty: the value is the parameter's own.
        default: Value if none is given; '' leaves it to the configuration file.
    """

    name: str
    sets: tuple[str, str]
    description: str = ''
    words: Mapping[str, str] = field(default_factory=dict)
    default: str = ''

    @property
    def help(self) -> str:
        """One line on the argument with its choices and default."""
        info = _field(*self.sets)
        text = self.description or meta(info).description
        choices = tuple(self.words) or meta(info).choices
        if choices:
            text += f' One of: {", ".join(choices)}.'
        return f'{text} Default: {self.default or info.default}'


@dataclass(frozen=True)
class Row:
    """A node of a graph.

    Attributes:
        node: Its name.
        only_if: Argument and value that it depends on; None for always.
        respawn: Whether it is started again when it crashes; wrong parameters are no crash.
        ends_graph: Whether its regular end ends the graph.
    """

    node: str
    only_if: tuple[str, str] | None = None
    respawn: bool = False
    ends_graph: bool = False


@dataclass(frozen=True)
class Process:
    """A node to start.

    Attributes:
        row: Its row of the table.
        config: Parameter file.
        overrides: Parameters over those of the file.
    """

    row: Row
    config: Path
    overrides: Mapping[str, Any]

    @property
    def command(self) -> list[str]:
        """Command line that starts it with this Python."""
        words = [sys.executable, '-m', f'frs_ros.nodes.{self.row.node}_node', '--ros-args']
        words += ['--params-file', str(self.config)]
        for name, value in self.overrides.items():
            words += ['-p', f'{name}:={_yaml(value)}']
        return words


@dataclass(frozen=True)
class Graph:
    """Nodes that are started together, and the arguments they take."""

    name: str
    rows: tuple[Row, ...]
    arguments: tuple[Argument, ...]

    def processes(self, given: Mapping[str, str]) -> list[Process]:
        """What to start for these arguments.

        Args:
            given: Argument -> value; `node.parameter` reaches any parameter of a node. An empty
                value is none.

        Raises:
            ConfigError: Unknown argument, or a value that the parameter does not accept.
        """
        known = {a.name: a for a in self.arguments}
        values = {a.name: a.default for a in self.arguments if a.default}
        values |= {name: text for name, text in given.items() if text}
        overrides: dict[str, dict[str, Any]] = {row.node: {} for row in self.rows}
        for name, text in values.items():
            node, parameter, text = self._target(name, text, known)
            overrides[node][parameter] = _value(node, parameter, text)
        return [
            Process(row, config_file(row.node), overrides[row.node])
            for row in self.rows
            if row.only_if is None or values.get(row.only_if[0]) == row.only_if[1]
        ]

    def _target(self, name: str, text: str, known: Mapping[str, Argument]) -> tuple[str, str, str]:
        """Node, parameter and value that an argument stands for."""
        node, dot, parameter = name.partition('.')
        if dot:
            choose(f'node of graph {self.name}', node, [row.node for row in self.rows])
            return node, parameter, text
        argument = known[choose(f'argument of graph {self.name}', name, known)]
        if argument.words:
            text = argument.words[choose(name, text, argument.words)]
        return (*argument.sets, text)


def _same(node: str, *names: str) -> tuple[Argument, ...]:
    """Arguments that are called like the parameters they set."""
    return tuple(Argument(name, (node, name)) for name in names)


LIBERO = Graph(
    'libero',
    rows=(
        Row('policy_server', respawn=True),
        Row('oracle_guidance', only_if=('guidance', 'oracle')),
        Row('libero_bridge', ends_graph=True),
    ),
    arguments=(
        *_same('libero_bridge', 'suite', 'task_id', 'first_init', 'init_count', 'episodes'),
        *_same(
            'libero_bridge', 'seed', 'mode', 'assets', 'instruction', 'max_steps', 'view_every'
        ),
        *_same('policy_server', 'checkpoint', 'method'),
        Argument(
            'guidance',
            ('policy_server', 'guidance_sync'),
            'Who guides; for keyboard, start human_guidance in a terminal of its own.',
            words={'oracle': 'stamped', 'keyboard': 'latest', 'none': 'none'},
            default='oracle',
        ),
        *_same('oracle_guidance', 'magnitude'),
    ),
)
GRAPHS = {graph.name: graph for graph in (LIBERO,)}


def config_file(node: str) -> Path:
    """config/<node>.yaml beside the sources or in the install space; ConfigError if missing."""
    package = Path(__file__).resolve().parents[1]
    folders = [package.parent / 'config']
    folders += [parent / 'share' / 'frs_ros' / 'config' for parent in package.parents]
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    folders += [Path(p) / 'share' / 'frs_ros' / 'config' for p in (*prefixes, sys.prefix)]
    for folder in folders:
        if (folder / f'{node}.yaml').is_file():
            return folder / f'{node}.yaml'
    raise ConfigError(f'config/{node}.yaml is not installed; build frs_ros again')


def keyboard_hint() -> str:
    """How to start the keyboard in another terminal."""
    domain = os.environ.get('ROS_DOMAIN_ID')
    prefix = f'ROS_DOMAIN_ID={domain} ' if domain else ''
    return f'{prefix}{sys.executable} -m frs_ros.nodes.human_guidance_node'


def _field(node: str, parameter: str) -> dataclasses.Field:
    fields = {f.name: f for f in dataclasses.fields(NODES[node])}
    return fields[choose(f'parameter of node {node}', parameter, fields)]


def _value(node: str, parameter: str, text: str) -> Any:
    """The text as the parameter's type, checked."""
    kind = type(_field(node, parameter).default)
    try:
        value = kind(text) if kind in (int, float) else text
    except ValueError:
        value = text  # the check below words the error
    return getattr(validated(NODES[node], {parameter: value}), parameter)


def _yaml(value: Any) -> str:
    """A value as rcl parses it: strings in single quotes, whatever they look like."""
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return repr(value)
