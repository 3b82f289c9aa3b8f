# SPDX-License-Identifier: Apache-2.0
"""ROS parameters from a frozen dataclass: one source for names, defaults, ranges and meaning.

    @dataclass(frozen=True)
    class Parameters:
        rate: float = parameter(50.0, 'Publishing rate in Hz.', low=1.0, high=200.0)

Values are checked by the fields' ranges and choices, and by the dataclass's own `__post_init__`.
A node that uses `declare` is made with `automatically_declare_parameters_from_overrides=True`:
that is the public way to learn of values given for parameters that do not exist.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node

from frs_ros.errors import FrsError, choose
from frs_ros.ros.options import meta, validated
from frs_ros.text import one_line

Parameters = TypeVar('Parameters')

# Declared by rclpy itself.
_FOREIGN = ('use_sim_time', 'start_type_description_service')


def declare(node: Node, kind: type[Parameters]) -> Parameters:
    """Declares every field of the dataclass `kind` and returns the values in force.

    Raises:
        ConfigError: An override does not exist, has the wrong type or is out of range; the line
            names parameter, value and what is allowed.
    """
    overrides = {
        name: value.value
        for name, value in node.get_parameters_by_prefix('').items()
        if name not in _FOREIGN and not name.startswith('qos_overrides.')
    }
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for name in overrides:
        choose(f'parameter of node {node.get_name()}', name, names)
    values = validated(kind, overrides)
    for f in dataclasses.fields(kind):  # type: ignore[arg-type]
        if f.name in overrides:
            node.undeclare_parameter(f.name)
        value = getattr(values, f.name)
        node.declare_parameter(f.name, value, _descriptor(f), ignore_override=True)
    return values


def on_change(node: Node, values: Parameters, apply: Callable[[Parameters], None]) -> None:
    """Lets parameters be changed while the node runs.

    Args:
        node: The node that declared them.
        values: Those in force now.
        apply: Called with all values after a valid change; may still refuse with an FrsError,
            whose line becomes the reason that the setter reads.
    """
    current = values

    def callback(changes: Iterable[Any]) -> SetParametersResult:
        nonlocal current
        ours = {p.name: p.value for p in changes if p.name in vars(current)}
        if not ours:
            return SetParametersResult(successful=True)
        try:
            wanted = validated(type(current), {**vars(current), **ours})
            apply(wanted)
        except FrsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        except Exception as error:  # a value from outside must not end the node
            line = one_line(f'{type(error).__name__}: {error}')
            return SetParametersResult(successful=False, reason=line)
        current = wanted
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(callback)


def _descriptor(field: dataclasses.Field) -> ParameterDescriptor:
    info = meta(field)
    descriptor = ParameterDescriptor(description=info.description, read_only=not info.live)
    if info.choices:
        descriptor.additional_constraints = 'one of: ' + ', '.join(info.choices)
    if isinstance(info.low, int):
        span = IntegerRange(from_value=info.low, to_value=int(info.high), step=1)
        descriptor.integer_range = [span]
    elif info.low is not None:
        span = FloatingPointRange(from_value=info.low, to_value=float(info.high))
        descriptor.floating_point_range = [span]
    return descriptor
