# SPDX-License-Identifier: Apache-2.0
"""A SpaceMouse on this machine, read in a thread of its own; it may be unplugged and come back."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from frs_ros.errors import DependencyError, FrsError
from frs_ros.guidance.operator.devices.hid import REST, HidReader, library, mouse_of
from frs_ros.guidance.operator.mapper import Axes
from frs_ros.text import one_line

DRAIN_PERIOD = 0.005  # s, 200 Hz: slower readers lag, see hid.py
SEARCH_PERIOD = 1.0  # s between two attempts to open a device
CLOSE_TIMEOUT = 1.0
QUEUE = 256  # samples, more than a second

# One product: keyboards may have the same vendor, and nobody else is to read what is typed.
RULE = (
    'SUBSYSTEM=="hidraw", ATTRS{{idVendor}}=="{vendor:04x}", ATTRS{{idProduct}}=="{product:04x}", '
    'MODE="0660", GROUP="input", TAG+="uaccess"'
)
# the name must sort before 73-seat-late.rules, which acts on uaccess
RULE_FILE = '/etc/udev/rules.d/70-frs-ros.rules'


class SpaceMouseError(FrsError):
    """No SpaceMouse can be opened now; the line says why and what to do."""


class SpaceMouse:
    """An `AxesSource`: the first SpaceMouse that is found.

    Args:
        open_mouse: Opens a device, a `pyspacemouse.SpaceMouseDevice`, or raises.
        clock_ns: Present time, as given to `take`.
        search_period: Seconds between two attempts to open one.
        rest: Deflection below which the device is let go of.
    """

    def __init__(
        self,
        open_mouse: Callable[[], Any] | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        search_period: float = SEARCH_PERIOD,
        rest: float = REST,
    ) -> None:
        self._rest = rest
        self._open, self._clock_ns = open_mouse or open_first, clock_ns
        self._search_period = search_period
        self._samples: deque[Axes] = deque(maxlen=QUEUE)
        self._fault = 'the SpaceMouse is not open'
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='spacemouse', daemon=True)
        self._reader: HidReader | None = None

    def start(self) -> None:
        """Opens a device, or waits for one in the background."""
        self._reader = self._try_open()
        self._thread.start()

    def take(self, now_ns: int) -> list[Axes]:
        """See `AxesSource`."""
        with self._lock:
            samples = list(self._samples)
            self._samples.clear()
        return samples

    def fault(self) -> str:
        """See `AxesSource`."""
        with self._lock:
            return self._fault

    def close(self) -> None:
        """See `AxesSource`."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT)

    # ---- thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            if self._reader is not None:
                self._read(self._reader)
            self._ended.wait(self._search_period)
            if not self._ended.is_set():
                with contextlib.suppress(FrsError):
                    self._reader = self._try_open()

    def _try_open(self) -> HidReader | None:
        """A reader; None if there is no device now. DependencyError if there never can be."""
        try:
            reader = HidReader(self._open(), self._clock_ns, self._rest)
        except DependencyError as error:
            self._lose(str(error))
            raise
        except Exception as error:  # the libraries have no common base class
            self._lose(str(error))
            return None
        with self._lock:
            self._fault = ''
        return reader

    def _read(self, reader: HidReader) -> None:
        """Reads until the device is gone or the source is closed."""
        try:
            while not self._ended.wait(DRAIN_PERIOD):
                samples = reader.drain()
                with self._lock:
                    self._samples.extend(samples)
        except Exception as error:  # as above
            self._lose(f'the SpaceMouse is lost ({error}); plug it in again')
        finally:
            self._reader = None
            with contextlib.suppress(Exception):
                reader.close()

    def _lose(self, line: str) -> None:
        with self._lock:
            self._fault = one_line(line)
            self._samples.clear()


def open_first(
    hids: Callable[[], Iterable[Any]] | None = None,
    tap: Callable[[str, Any], Any] | None = None,
) -> Any:
    """The first SpaceMouse that can be opened; not by pyspacemouse.open, which prints to stdout.

    Args:
        hids: Lists the HID devices of this machine; None for easyhid's list.
        tap: Called with model and HID device once it is open; gives the device to read instead.

    Raises:
        DependencyError: pyspacemouse or libhidapi is not installed.
        SpaceMouseError: There is none, or it cannot be opened.
    """
    models = {spec.hid_id: name for name, spec in library().get_device_specs().items()}
    found = [h for h in (hids or connected)() if (h.vendor_id, h.product_id) in models]
    if not found:
        raise SpaceMouseError('no SpaceMouse is connected; plug one in')
    for hid in found:
        with contextlib.suppress(RuntimeError):
            return mouse_of(models[hid.vendor_id, hid.product_id], hid, tap)
    raise SpaceMouseError(_unopened(found[0]))


def connected() -> list[Any]:
    """HID devices of this machine; DependencyError if libhidapi is not installed."""
    library()
    from easyhid import Enumeration

    try:
        return list(Enumeration().find())
    except AttributeError:  # easyhid found no libhidapi and looks in this process instead
        raise DependencyError(
            "a SpaceMouse needs libhidapi; run 'sudo apt install libhidapi-hidraw0'"
        ) from None


def _unopened(hid: Any) -> str:
    """Why a device cannot be opened, with the fix."""
    path = os.fsdecode(hid.path)
    if os.path.exists(path) and os.access(path, os.R_OK | os.W_OK):
        return f'the SpaceMouse at {path} cannot be opened; unplug it and plug it in again'
    rule = RULE.format(vendor=hid.vendor_id, product=hid.product_id)
    return (
        f"no permission to open the SpaceMouse at {path}; write the line '{rule}' to {RULE_FILE} "
        f"(or copy config/udev there), run 'sudo udevadm control --reload-rules' and plug it in "
        'again'
    )
