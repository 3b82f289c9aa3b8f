# SPDX-License-Identifier: Apache-2.0
"""What is allowed in a cell: config/robots/<model>.yaml, read and checked.

The files are the only source of these numbers: a key that is missing or unknown is an error.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from frs_ros.arm.clearance import Block, Clearance
from frs_ros.arm.limits import JOINTS, WorkspaceBox
from frs_ros.arm.models import ArmModel, arm_model
from frs_ros.documents import read_yaml
from frs_ros.errors import ConfigError, choose
from frs_ros.safety.contact import ContactLimit
from frs_ros.safety.settings import EnvelopeSettings
from frs_ros.text import shown

S = TypeVar('S')


def _number(low: float, high: float) -> Any:
    """A field that is a number within [low, high]."""
    return field(metadata={'low': low, 'high': high})


def _blocks() -> Any:
    """A field that is a mapping of names to boxes."""
    return field(metadata={'blocks': True})


_POINT = {'size': 3}
_JOINTS = {'size': JOINTS}


@dataclass(frozen=True)
class Speeds:
    """See `safety.settings.EnvelopeSettings`, which has the same names."""

    joint_speed: float = _number(0.01, 5.0)
    tool_speed: float = _number(0.01, 2.0)
    tool_rotation: float = _number(0.01, 3.0)
    acceleration: float = _number(0.1, 20.0)
    share: float = _number(0.05, 1.0)
    jump: float = _number(0.02, 0.5)  # franky.guard refuses what is farther away
    joint_margin: float = _number(0.0, 0.5)


@dataclass(frozen=True)
class Workspace:
    """The box for the tool centre point, base frame, m."""

    low: np.ndarray = field(metadata=_POINT)
    high: np.ndarray = field(metadata=_POINT)
    soft: float = _number(0.01, 0.3)


@dataclass(frozen=True)
class KeepClear:
    """See `arm.clearance.Clearance`, which has the same names."""

    floor: float = _number(-10.0, 10.0)
    links: float = _number(0.0, 0.2)
    fingers: float = _number(-0.1, 0.2)
    between: float = _number(0.0, 0.2)
    boxes: Mapping[str, Block] = _blocks()
    parts: Mapping[str, Block] = _blocks()


@dataclass(frozen=True)
class Contact:
    """See `safety.contact.ContactLimit`, which has the same names."""

    force: float = _number(1.0, 100.0)
    torque: float = _number(0.5, 100.0)
    joint_torque: float = _number(0.5, 100.0)


@dataclass(frozen=True)
class Collision:
    """Joint torques (Nm) and tool force (N; torque, Nm) at which the robot makes a reflex."""

    torque: float = _number(1.0, 100.0)
    force: float = _number(1.0, 100.0)


@dataclass(frozen=True)
class Home:
    """Where `~/home` leads.

    Attributes:
        joints: [7] rad.
        timeout: s after which it is given up.
    """

    joints: np.ndarray = field(metadata=_JOINTS)
    timeout: float = _number(1.0, 300.0)


@dataclass(frozen=True)
class Watchdog:
    """When silence means to hold, and when to stop.

    Attributes:
        state_timeout: s without a new state of the robot after which the arm holds.
        bridge_periods: Control periods for which an old chunk bridges a late one.
        stop_after: s in HOLD after which the motion is stopped.
    """

    state_timeout: float = _number(0.01, 0.5)
    bridge_periods: float = _number(0.0, 5.0)
    stop_after: float = _number(0.1, 10.0)


@dataclass(frozen=True)
class Gripper:
    """The fingers.

    Attributes:
        interval: s between two changes of the command.
        speed: m/s.
        force: N, when closing on something.
    """

    interval: float = _number(0.0, 5.0)
    speed: float = _number(0.005, 0.2)
    force: float = _number(1.0, 70.0)


@dataclass(frozen=True)
class CellSettings:
    """A whole file.

    Attributes:
        model: The arm.
    """

    model: ArmModel
    speeds: Speeds
    workspace: Workspace
    clearance: KeepClear
    contact: Contact
    collision: Collision
    home: Home
    watchdog: Watchdog
    gripper: Gripper

    @property
    def contact_limit(self) -> ContactLimit:
        """External load at which the controller stops."""
        return ContactLimit(**dataclasses.asdict(self.contact))

    @property
    def envelope(self) -> EnvelopeSettings:
        """What the safety envelope needs."""
        box = WorkspaceBox(self.workspace.low, self.workspace.high, self.workspace.soft)
        keep = self.clearance
        clearance = Clearance(**{f.name: getattr(keep, f.name) for f in dataclasses.fields(keep)})
        return EnvelopeSettings(**dataclasses.asdict(self.speeds), box=box, clearance=clearance)


def read_cell(path: Path) -> CellSettings:
    """Reads a file; ConfigError that names file, key and value if something is wrong with it."""
    data = read_yaml(path, ConfigError)
    try:
        return _cell(data)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error


def _cell(data: Any) -> CellSettings:
    sections: dict[str, type] = {
        'speeds': Speeds,
        'workspace': Workspace,
        'clearance': KeepClear,
        'contact': Contact,
        'collision': Collision,
        'home': Home,
        'watchdog': Watchdog,
        'gripper': Gripper,
    }
    data = _keys('the file', data, ['model', *sections])
    model = arm_model(str(data['model']))
    made: dict[str, Any] = {n: _section(n, kind, data[n]) for n, kind in sections.items()}
    cell = CellSettings(model, **made)
    _check(cell)
    return cell


def _check(cell: CellSettings) -> None:
    """What single values cannot show."""
    cell.envelope  # noqa: B018  (its constructor checks)
    limits, margin = cell.model.limits, cell.speeds.joint_margin
    home = cell.home.joints
    if ((home < limits.low + margin) | (home > limits.high - margin)).any():
        raise ConfigError(f'home.joints {home.tolist()} are not within the joint limits')
    pairs = {
        'force': (cell.contact.force, cell.collision.force),
        'torque': (cell.contact.torque, cell.collision.force),  # one threshold for N and Nm
        'joint_torque': (cell.contact.joint_torque, cell.collision.torque),
    }
    for name, (ours, robots) in pairs.items():
        if ours >= robots:
            raise ConfigError(
                f"contact.{name} {ours:g} must be below the robot's own threshold {robots:g} "
                '(collision): the controller is to stop before the robot has to'
            )


def _section(name: str, kind: type[S], data: Any) -> S:
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    data = _keys(name, data, [f.name for f in fields])
    return kind(**{f.name: _value(f'{name}.{f.name}', data[f.name], f.metadata) for f in fields})


def _block(name: str, data: Any) -> Block:
    data = _keys(name, data, ['low', 'high'])
    return Block(*(_value(f'{name}.{end}', data[end], _POINT) for end in ('low', 'high')))


def _keys(where: str, data: Any, names: list[str]) -> Mapping[str, Any]:
    """The mapping, if it has exactly these keys."""
    if not isinstance(data, Mapping):
        raise ConfigError(f'{where} must be a mapping with the keys {", ".join(names)}')
    for key in data:
        choose(f'key of {where}', str(key), names)
    missing = [name for name in names if name not in data]
    if missing:
        raise ConfigError(f'{where}: {", ".join(missing)} missing')
    return data


def _value(name: str, value: Any, rule: Mapping[str, Any]) -> Any:
    if 'blocks' in rule:
        if not isinstance(value, Mapping):
            raise ConfigError(f'{name} must be a mapping of names to boxes, {{}} for none')
        return {str(key): _block(f'{name}.{key}', box) for key, box in value.items()}
    if 'size' in rule:
        if not isinstance(value, list) or len(value) != rule['size']:
            raise ConfigError(
                f'{name} must be a list of {rule["size"]} numbers, not {shown(value)}'
            )
        return np.array([_finite(name, v) for v in value])
    number = _finite(name, value)
    if not rule['low'] <= number <= rule['high']:
        raise ConfigError(
            f'{name} is {number:g}; it must be within [{rule["low"]:g}, {rule["high"]:g}]'
        )
    return number


def _finite(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(f'{name} must be a number, not {shown(value)}')
    return float(value)
