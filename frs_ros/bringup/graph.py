# SPDX-License-Identifier: Apache-2.0
"""What a graph is made of, and which processes its arguments make of it.

One source for launch files and `frs up`; the graphs themselves are in `bringup.graphs`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frs_ros.bringup.supervisor import Command
from frs_ros.bringup.table import NODES
from frs_ros.errors import ConfigError, choose
from frs_ros.nodes.config_files import config_file
from frs_ros.program import command
from frs_ros.ros.options import checked, meta

Overrides = Mapping[str, Mapping[str, Any]]  # row name -> parameter -> value


OURS = 'frs_ros'
_NAMESPACE = re.compile(r'/?[A-Za-z]\w*(/[A-Za-z]\w*)*', re.ASCII)


@dataclass(frozen=True)
class Argument:
    """A launch argument. Left empty, the nodes' configuration files decide.

    Attributes:
        name: As in `name:=value`.
        sets: Row and parameter that it sets; None if it chooses rows, or if `Graph.derive` spells
            out what it means.
        description: For listings; taken from the parameter unless given here.
        words: Valid values -> value of the parameter; empty: the value is the parameter's own.
        default: Value if none is given; '' leaves it to the configuration file.
    """

    name: str
    sets: tuple[str, str] | None = None
    description: str = ''
    words: Mapping[str, str] = field(default_factory=dict)
    default: str = ''


@dataclass(frozen=True)
class Row:
    """A process of a graph: a node, or a program that is none.

    Attributes:
        node: Its kind: executable, parameters and configuration file have this name.
        package: ROS package of the executable. One of another package than ours takes parameters
            without a file, and is left out where it is not installed.
        name: Its name in this graph, that of its kind unless given.
        fixed: Parameters that this graph sets over those of the file.
        program: Python module and words of a program without ROS; empty for a node.
        only_if: Argument -> values of it with which the row is started; all must hold.
        only_with: Argument that must be given for the row to be started; '' for none.
        respawn: Whether it is started again when it crashes; wrong parameters are no crash.
        ends_graph: Whether its regular end ends the graph.
        outlives: Whether it ends only after all others: they need it to end well. `ros2 launch`
            cannot order that: a program must linger by itself after Ctrl-C.
        patience: Seconds that it is given to end at most; `ros2 launch` waits so long in any case.
        nice: How much it gives way to others when processor cores are scarce, 0 to 19.
        reads_keys: Whether it reads keys from the terminal, where there is one.
        needs_keys: Whether it is of no use without.
    """

    node: str
    name: str = ''
    package: str = OURS
    fixed: Mapping[str, Any] = field(default_factory=dict)
    program: tuple[str, ...] = ()
    only_if: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_with: str = ''
    respawn: bool = False
    ends_graph: bool = False
    outlives: bool = False
    patience: float = 10.0
    nice: int = 0
    reads_keys: bool = False
    needs_keys: bool = False

    @property
    def label(self) -> str:
        """Its name in the graph."""
        return self.name or self.node


@dataclass(frozen=True)
class Process:
    """A process to start.

    Attributes:
        row: Its row of the graph.
        config: Parameter file; None for a program.
        overrides: Parameters over those of the file.
        namespace: ROS namespace without a slash at its ends; '' for none.
    """

    row: Row
    config: Path | None
    overrides: Mapping[str, Any]
    namespace: str = ''

    @property
    def label(self) -> str:
        """Name among all processes, with the namespace."""
        return '/'.join(filter(None, (self.namespace, self.row.label)))

    @property
    def command(self) -> list[str]:
        """Command line that starts it with this Python."""
        if self.row.program:
            return command(*self.row.program)
        ours = self.row.package == OURS
        words = ['--ros-args', *(['--params-file', str(self.config)] if ours else [])]
        if self.row.name:
            words += ['-r', f'__node:={self.row.name}']
        if self.namespace:
            words += ['-r', f'__ns:=/{self.namespace}']
        words += self.security
        for name, value in self.overrides.items():
            words += ['-p', f'{name}:={_yaml(value)}']
        if ours:
            return command(f'frs_ros.nodes.{self.row.node}_node', *words)
        return [str(executable(self.row.package, self.row.node)), *words]

    @property
    def security(self) -> list[str]:
        """Words that name the node's enclave, /frs/<label>, where SROS2 is switched on."""
        switched_on = os.environ.get('ROS_SECURITY_ENABLE', '').lower() == 'true'
        return ['--enclave', f'/frs/{self.label}'] if switched_on else []

    @property
    def prefix(self) -> list[str]:
        """Words before the command that lower its priority."""
        return ['nice', '-n', str(self.row.nice)] if self.row.nice else []

    @property
    def hint(self) -> str:
        """How a person starts it in another terminal."""
        domain = os.environ.get('ROS_DOMAIN_ID')
        prefix = f'ROS_DOMAIN_ID={domain} ' if domain else ''
        return f'to steer, run in another terminal: {prefix}{shlex.join(self.command)}'

    def supervised(self) -> Command:
        """What a `Supervisor` runs."""
        row = self.row
        return Command(
            self.label,
            [*self.prefix, *self.command],
            respawn=row.respawn,
            ends_all=row.ends_graph,
            outlives=row.outlives,
            patience=row.patience,
            reads_keys=row.reads_keys,
        )


def _nothing(values: Mapping[str, str]) -> Overrides:
    return {}


@dataclass(frozen=True)
class Graph:
    """Processes that are started together, and the arguments they take.

    Attributes:
        name: As in `frs up NAME`.
        summary: What it is, a few words.
        rows: In the order of starting. Rows of one name exclude each other by `only_if`.
        arguments: What may be given.
        derive: Further parameters that follow from the arguments' values, which fit by themselves;
            defaults are among them.
    """

    name: str
    summary: str
    rows: tuple[Row, ...]
    arguments: tuple[Argument, ...]
    derive: Callable[[Mapping[str, str]], Overrides] = _nothing

    def processes(self, given: Mapping[str, str]) -> list[Process]:
        """What to start for these arguments.

        Args:
            given: Argument -> value; `row.parameter` reaches any parameter of a node. An empty
                value is none.

        Raises:
            ConfigError: Unknown argument, or a value that the parameter does not accept.
        """
        known = {a.name: a for a in self.arguments}
        values = {a.name: a.default for a in self.arguments if a.default}
        values |= {name: text for name, text in given.items() if text}
        direct = [self._direct(name, text) for name, text in values.items() if '.' in name]
        named = [
            self._named(known[choose(f'argument of graph {self.name}', name, known)], text)
            for name, text in values.items()
            if '.' not in name
        ]
        overrides = {row.label: dict(row.fixed) for row in self.rows}
        for label, parameters in self.derive(values).items():
            overrides[label] |= parameters
        for label, parameter, value in (*filter(None, named), *direct):
            overrides[label][parameter] = value
        namespace = _namespace(values.get(NAMESPACE.name, ''))
        return [
            Process(row, _config(row), overrides[row.label], namespace)
            for row in self.rows
            if all(values.get(name, '') in wanted for name, wanted in row.only_if.items())
            and (not row.only_with or row.only_with in values)
            and (row.package == OURS or executable(row.package, row.node))
        ]

    def help(self, argument: Argument) -> str:
        """One line on an argument with its choices and default."""
        text, choices, default = argument.description, tuple(argument.words), argument.default
        if argument.sets is not None:
            label, parameter = argument.sets
            info = _field(self._kind(label), parameter)
            text, choices = text or meta(info).description, choices or meta(info).choices
            fixed = {k: v for row in self.rows if row.label == label for k, v in row.fixed.items()}
            if all(row.only_with != argument.name for row in self.rows):
                default = default or str(fixed.get(parameter, info.default))
        if choices:
            text += f' One of: {", ".join(choices)}.'
        return f'{text} Default: {default or "none"}'

    def _direct(self, name: str, text: str) -> tuple[str, str, Any]:
        """Row, parameter and value of `row.parameter:=text`."""
        label, _, parameter = name.partition('.')
        nodes = [row.label for row in self.rows if row.node in NODES]
        choose(f'node of graph {self.name}', label, nodes)
        return label, parameter, _value(self._kind(label), parameter, text)

    def _named(self, argument: Argument, text: str) -> tuple[str, str, Any] | None:
        """Row, parameter and value of an argument; None if it sets no parameter by itself."""
        if argument.words:
            text = argument.words[choose(argument.name, text, argument.words)]
        if argument.sets is None:
            return None
        label, parameter = argument.sets
        return label, parameter, _value(self._kind(label), parameter, text)

    def _kind(self, label: str) -> str:
        return next(row.node for row in self.rows if row.label == label)


NAMESPACE = Argument(
    'namespace',
    description='Namespace of all nodes, such as left: graphs in different ones do not meet.',
)


def same(row: str, *names: str) -> tuple[Argument, ...]:
    """Arguments that are called like the parameters they set."""
    return tuple(Argument(name, (row, name)) for name in names)


def any_of(*words: str) -> dict[str, str]:
    """Words that stand for themselves, for `Argument.words`."""
    return {word: word for word in words}


def executable(package: str, name: str) -> Path | None:
    """Program of an installed ROS package; None if it is not installed."""
    for prefix in (*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix):
        path = Path(prefix, 'lib', package, name)
        if prefix and path.is_file():
            return path
    return None


def _config(row: Row) -> Path | None:
    return config_file(row.node) if row.package == OURS and not row.program else None


def _namespace(text: str) -> str:
    """A namespace as nodes take it, without slashes at its ends; ConfigError if it is none."""
    if text and not _NAMESPACE.fullmatch(text):
        raise ConfigError(
            f"namespace '{text}' must be letters, digits and underscores, a letter first, with "
            'slashes between its parts'
        )
    return text.strip('/')


def _field(node: str, parameter: str) -> dataclasses.Field:
    fields = {f.name: f for f in dataclasses.fields(NODES[node])}
    return fields[choose(f'parameter of node {node}', parameter, fields)]


def _value(node: str, parameter: str, text: str) -> Any:
    """The text as the parameter's type, checked by itself: the file may hold what it goes with."""
    kind = type(_field(node, parameter).default)
    value: Any = text
    with contextlib.suppress(KeyError, ValueError):  # the check below words the error
        value = _FROM_TEXT.get(kind, str)(text)
    return checked(NODES[node], parameter, value)


_FROM_TEXT: dict[type, Callable[[str], Any]] = {
    int: int,
    float: float,
    bool: lambda text: {'true': True, 'false': False}[text.lower()],
}


# What YAML folds (line ends) or takes as an escape between double quotes only.
_ESCAPED = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')


def _yaml(value: Any) -> str:
    """A value as rcl parses it: strings in quotes, whatever they look like."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and _ESCAPED.search(value):
        quoted = json.dumps(value, ensure_ascii=False)
        return _ESCAPED.sub(lambda found: f'\\u{ord(found[0]):04x}', quoted)
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return repr(value)
