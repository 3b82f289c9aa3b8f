# SPDX-License-Identifier: Apache-2.0
"""Reports of a SpaceMouse to axes, by pyspacemouse.

What the device leaves to its readers (github.com/JakubAndrysek/PySpaceMouse, issues 9 and 57):
every read takes one report out of the kernel's queue, so the queue must be emptied each time or
the motion lags by seconds; values may exceed 1; a device at rest sends nothing, so silence while
it is deflected means that the report of its release was lost, and one that was just opened counts
as at rest only after a moment of silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frs_ros.errors import DependencyError, choose
from frs_ros.guidance.operator.mapper import AXES, Axes

SILENCE_NS = 250_000_000  # a deflected device sends a report every 8 to 16 ms
REST = 0.2  # deflection below which a device is let go of
_UNREADABLE = (IndexError, KeyError, TypeError, ValueError)
MAX_REPORTS = 1024  # per drain, more than the kernel's queue holds


def library() -> Any:
    """The module pyspacemouse; DependencyError if it is not installed."""
    try:
        import pyspacemouse
    except (ImportError, OSError) as error:
        raise DependencyError(
            f"a SpaceMouse needs pyspacemouse 2 ({error}); run 'pip install pyspacemouse==2.1.0'"
        ) from None
    return pyspacemouse


def mouse_of(model: str, hid: Any, tap: Callable[[str, Any], Any] | None = None) -> Any:
    """An opened `pyspacemouse.SpaceMouseDevice` of a model on a HID device, axes as REP-103.

    Args:
        model: Name in pyspacemouse's table, such as 'SpaceNavigator'; ConfigError if unknown.
        hid: Device as easyhid's `HIDDevice`: open, close, set_nonblocking, read.
        tap: Called with model and device once it is open; gives the device to read instead.
    """
    spacemouse = library()
    specs = spacemouse.get_device_specs()
    spec = specs[choose('SpaceMouse model', model, specs)]
    info = spacemouse.apply_axis_convention(spec, spacemouse.AxisConvention.ROS)
    mouse = spacemouse.SpaceMouseDevice(info=info, device=hid)
    mouse.open()
    hid.set_nonblocking(True)
    if tap is not None:
        mouse = spacemouse.SpaceMouseDevice(info=info, device=tap(model, hid))
    return mouse


class HidReader:
    """Empties the queue of a SpaceMouse.

    Args:
        mouse: From `mouse_of`.
        now_ns: Called for the present time.
        rest: Deflection below which the device is let go of.
    """

    def __init__(self, mouse: Any, now_ns: Callable[[], int], rest: float = REST) -> None:
        self._mouse, self._now_ns, self._rest = mouse, now_ns, rest
        self._moved_ns = now_ns()
        self._stuck = True
        mouse.configure(dof_callback=self._on_motion)
        self._read_at = -1.0  # pyspacemouse's stamp before the first report

    def drain(self) -> list[Axes]:
        """One sample per report since the last call, then the present state.

        Reports that are shorter than those of the model are left out.

        Raises:
            Exception: Whatever the library raises when the device is gone.
        """
        samples = []
        for _ in range(MAX_REPORTS):
            try:
                state = self._mouse.read()
            except _UNREADABLE:  # a report of another shape than the model's says nothing
                continue
            samples.append(self._axes(state))
            if state.t == self._read_at:  # no report was left
                break
            self._read_at = state.t
        return samples

    def close(self) -> None:
        """Gives the device back."""
        self._mouse.close()

    def _on_motion(self, state: Any) -> None:
        self._moved_ns = self._now_ns()
        if self._at_rest(state):
            self._stuck = False

    def _axes(self, state: Any) -> Axes:
        now_ns = self._now_ns()
        if now_ns - self._moved_ns > SILENCE_NS:
            # what is held at the start or across a gap is no guidance until it was seen at rest
            self._stuck = not self._at_rest(state)
        shown = tuple(_clipped(state[axis]) for axis in AXES)
        buttons = tuple(bool(b) for b in state.buttons)
        if self._stuck:
            return Axes(now_ns, (0.0,) * len(AXES), buttons=buttons, doubted=shown)
        return Axes(now_ns, shown, buttons=buttons)

    def _at_rest(self, state: Any) -> bool:
        return all(abs(state[axis]) < self._rest for axis in AXES)


def _clipped(value: float) -> float:
    return min(1.0, max(-1.0, value))
