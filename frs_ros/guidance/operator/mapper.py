# SPDX-License-Identifier: Apache-2.0
"""Deflections of a six-axis device to guidance: a pure state machine, free of devices and clocks.

One axis at a time: the direction is the axis that is clearly the largest, as the paper's
directions are cardinal ones (arXiv 2606.13675). Silence never gives guidance: stale samples, and
what was held before anybody looked, give no direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.guidance.operator.view import turned
from frs_ros.messages.guidance import Gripper, Guidance

AXES = ('x', 'y', 'z', 'roll', 'pitch', 'yaw')
_NANO = 1e9


@dataclass(frozen=True)
class Axes:
    """What a device showed at one instant. May be nonsense: the mapper checks it.

    Attributes:
        stamp_ns: When, in ns of the clock that `DirectionMapper.guidance` is asked with.
        values: [6] deflections x, y, z, roll, pitch, yaw in [-1, 1], REP-103 as the operator
            sees them: x ahead, y to the left, z up.
        enable: Whether the hold-to-run switch is pressed; None if the device has none of its own.
        buttons: Whether each button is pressed.
        doubted: [6] deflections that the device shows and `values` leaves out, since it was not
            seen at rest yet; empty if there are none.
    """

    stamp_ns: int
    values: Sequence[float]
    enable: bool | None = None
    buttons: tuple[bool, ...] = ()
    doubted: Sequence[float] = ()


@dataclass(frozen=True)
class MapperSettings:
    """How deflections become a direction; ConfigError if the numbers contradict each other.

    Attributes:
        on: Deflection at which an axis begins to count.
        off: Deflection below which it no longer counts, and the device is at rest.
        dominance: How many times larger than any other an axis must be to be meant.
        timeout: Age in s beyond which a sample says nothing.
        patience: Time in s after which a device that was never at rest is told.
        tap: Time in s for which a direction or a gripper button counts from its onset, even if it
            was let go; at least as long as a chunk is executed, so that a tap reaches a plan.
        allow_rotation: Whether roll, pitch and yaw may be meant too.
        magnitude: Speed of the guidance, in [0, 1].
        proportional: Whether the magnitude is scaled by the deflection.
        view_yaw: Heading in which the operator looks, rad; see `turned`.
        enable_button: Button that must be held to steer; -1: deflection alone steers.
        open_button: Button that opens the gripper; -1 for none.
        close_button: Button that closes it; -1 for none.
    """

    on: float = 0.35
    off: float = 0.20
    dominance: float = 1.3
    timeout: float = 0.25
    patience: float = 3.0
    tap: float = 0.6
    allow_rotation: bool = False
    magnitude: float = 1.0
    proportional: bool = False
    view_yaw: float = 0.0
    enable_button: int = -1
    open_button: int = 0
    close_button: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.off < self.on <= 1:
            raise ConfigError(
                f'the thresholds must be 0 < off < on <= 1, not off {self.off:g}, on {self.on:g}'
            )
        used = [b for b in (self.enable_button, self.open_button, self.close_button) if b >= 0]
        if len(set(used)) < len(used):
            raise ConfigError(
                f'enable_button {self.enable_button}, open_button {self.open_button} and '
                f'close_button {self.close_button} must differ'
            )


@dataclass(frozen=True)
class Meant:
    """A direction that was meant.

    Attributes:
        axis: 1 .. 6 for x .. yaw, negative for the other way.
        since_ns: Stamp of its onset.
        size: Deflection, in [0, 1].
    """

    axis: int
    since_ns: int
    size: float


@dataclass(frozen=True)
class DirectionMapper:
    """What the samples so far mean. `update` and `lost` give new states.

    Attributes:
        settings: See `MapperSettings`.
        source: Name of the device, for `Guidance.source`.
        last: Newest sample that was accepted.
        armed: The device was seen at rest (or its enable button up) since the start or the last
            gap; before that nothing it shows is guidance.
        held: The direction that is being shown now.
        tapped: The last direction with its largest deflection; it may count a little longer.
        gripper: Command of the gripper button pressed last.
        gripper_ns: When it was pressed.
        complaint: Why the last sample was rejected, '' if it was not.
        restless_ns: Since when the device shows something without having been at rest; None while
            it may steer.
    """

    settings: MapperSettings = MapperSettings()
    source: str = ''
    last: Axes | None = None
    armed: bool = False
    held: Meant | None = None
    tapped: Meant | None = None
    gripper: Gripper = Gripper.POLICY
    gripper_ns: int = 0
    complaint: str = ''
    restless_ns: int | None = None

    @property
    def restless(self) -> str:
        """Why nothing that the device shows counts, once that has lasted; '' while it counts."""
        if self.last is None or self.restless_ns is None:
            return ''
        if self.last.stamp_ns - self.restless_ns < self._ns('patience'):
            return ''
        if self._enable(self.last) is not None:
            return f'the {self.source} was not seen with its enable button up: let go of it once'
        shown = zip(AXES, self.last.doubted or self.last.values)
        beyond = ', '.join(f'{a} {v:.2f}' for a, v in shown if abs(v) >= self.settings.off)
        return (
            f'the {self.source} was not seen at rest: {beyond or "it moves"} (at rest below '
            f'{self.settings.off:g}): let go of it; if it drifts, plug it in anew, or raise '
            'off_deflection'
        )

    def lost(self) -> DirectionMapper:
        """The state after the device is gone: as at the start."""
        return DirectionMapper(self.settings, self.source)

    def update(self, axes: Axes) -> DirectionMapper:
        """The state after a sample. One that cannot be meant changes nothing but `complaint`."""
        complaint = self._wrong(axes)
        if complaint:
            return replace(self, complaint=complaint)
        before = self if self._follows(axes) else self.lost()
        sizes = np.clip(np.asarray(axes.values, dtype=np.float64), -1.0, 1.0)
        enable = self._enable(axes)
        still = bool(np.all(np.abs(sizes) < self.settings.off))
        at_rest = still if enable is None else not enable
        armed = before.armed or at_rest
        doubted = len(axes.doubted) > 0
        restless_ns = None
        if doubted or not armed:
            restless_ns = axes.stamp_ns if before.restless_ns is None else before.restless_ns
        if not armed or enable is False:
            # letting go of the switch ends everything at once, the memory of taps too
            return replace(before.lost(), last=axes, armed=armed, restless_ns=restless_ns)
        held = before._held(sizes, axes.stamp_ns)
        gripper, pressed_ns = before._gripper(axes)
        return replace(
            before,
            last=axes,
            armed=True,
            held=held,
            tapped=_larger(held, before.tapped),
            gripper=gripper,
            gripper_ns=pressed_ns,
            complaint='',
            restless_ns=restless_ns,
        )

    def guidance(self, now_ns: int) -> Guidance:
        """The guidance at an instant; without a fresh sample nobody steers."""
        silent = Guidance(enabled=False, source=self.source, stamp_ns=now_ns)
        if self.last is None or not 0 <= now_ns - self.last.stamp_ns <= self._ns('timeout'):
            return silent
        meant = self.held or self._still(self.tapped, now_ns)
        gripper = self._gripper_command(now_ns)
        if meant is None and gripper == Gripper.POLICY:
            return silent
        unit = np.zeros(6)
        magnitude = self.settings.magnitude
        if meant is not None:
            unit[abs(meant.axis) - 1] = np.sign(meant.axis)
            magnitude *= meant.size if self.settings.proportional else 1.0
        return Guidance(
            direction=turned(unit[:3], self.settings.view_yaw),
            rotation=turned(unit[3:], self.settings.view_yaw) * magnitude,
            gripper=gripper,
            magnitude=magnitude,
            source=self.source,
            stamp_ns=now_ns,
        )

    # ---- samples ------------------------------------------------------------------------------

    def _wrong(self, axes: Axes) -> str:
        """Why a sample cannot be meant, '' if it can."""
        if len(axes.values) != len(AXES):
            return f'a sample has {len(axes.values)} axes instead of {len(AXES)}'
        if not np.all(np.isfinite([*axes.values, *axes.doubted])):
            return 'a sample is not finite'
        if self.last is not None and axes.stamp_ns < self.last.stamp_ns:
            return 'a sample is older than the one before it'
        if axes.enable is None and self.settings.enable_button >= len(axes.buttons):
            return (
                f'enable_button is {self.settings.enable_button}, but the device has '
                f'{len(axes.buttons)} buttons (counted from 0)'
            )
        return ''

    def _follows(self, axes: Axes) -> bool:
        """Whether there is no gap between the last sample and this one."""
        if self.last is None:
            return False
        return axes.stamp_ns - self.last.stamp_ns <= self._ns('timeout')

    def _enable(self, axes: Axes) -> bool | None:
        if axes.enable is None and self.settings.enable_button >= 0:
            return axes.buttons[self.settings.enable_button]
        return axes.enable

    # ---- directions ---------------------------------------------------------------------------

    def _held(self, sizes: np.ndarray, stamp_ns: int) -> Meant | None:
        """The direction that the deflections [6] show, with hysteresis about the one before."""
        count = len(AXES) if self.settings.allow_rotation else 3
        values = sizes[:count]
        order = np.argsort(np.abs(values))
        best, second = int(order[-1]), abs(float(values[order[-2]]))
        size = abs(float(values[best]))
        if self.held is not None:
            now = float(values[abs(self.held.axis) - 1] * np.sign(self.held.axis))
            overruled = size >= self.settings.on and size > self.settings.dominance * now
            if now >= self.settings.off and not overruled:
                return replace(self.held, size=now)
        if size < self.settings.on or size < self.settings.dominance * second:
            return None
        axis = (best + 1) * int(np.sign(values[best]))
        return Meant(axis, stamp_ns, size)

    def _still(self, meant: Meant | None, now_ns: int) -> Meant | None:
        """A direction let go of, while its tap lasts."""
        if meant is None or now_ns - meant.since_ns >= self._ns('tap'):
            return None
        return meant

    # ---- gripper ------------------------------------------------------------------------------

    def _gripper(self, axes: Axes) -> tuple[Gripper, int]:
        """Gripper command and its stamp after a sample: only the moment of pressing counts."""
        for index, meant in self._gripper_buttons():
            was = self.last is not None and _pressed(self.last, index)
            if self.last is not None and _pressed(axes, index) and not was:
                return meant, axes.stamp_ns
        return self.gripper, self.gripper_ns

    def _gripper_command(self, now_ns: int) -> Gripper:
        """The gripper command, while its button is held and for at least a tap."""
        if now_ns - self.gripper_ns < self._ns('tap'):
            return self.gripper
        for index, meant in self._gripper_buttons():
            if meant == self.gripper and self.last is not None and _pressed(self.last, index):
                return meant
        return Gripper.POLICY

    def _gripper_buttons(self) -> tuple[tuple[int, Gripper], ...]:
        return (
            (self.settings.open_button, Gripper.OPEN),
            (self.settings.close_button, Gripper.CLOSE),
        )

    def _ns(self, name: str) -> float:
        seconds: float = getattr(self.settings, name)
        return seconds * _NANO


def _larger(held: Meant | None, tapped: Meant | None) -> Meant | None:
    """The held direction with the largest size it had; the last one if none is held."""
    if held is None or tapped is None or held.since_ns != tapped.since_ns:
        return held or tapped
    return replace(held, size=max(held.size, tapped.size))


def _pressed(axes: Axes, index: int) -> bool:
    return 0 <= index < len(axes.buttons) and axes.buttons[index]
