# SPDX-License-Identifier: Apache-2.0
"""The contract of a device that shows deflections."""

from __future__ import annotations

from typing import Protocol

from frs_ros.guidance.operator.mapper import Axes


class AxesSource(Protocol):
    """Shows what a person does with a device. No call blocks."""

    def start(self) -> None:
        """Begins; a device that is not there yet is waited for, see `fault`.

        Raises:
            DependencyError: A library is missing; the line names the package to install.
            ConfigError: The settings cannot be meant.
        """
        ...

    def take(self, now_ns: int) -> list[Axes]:
        """What it showed since the last call, oldest first.

        The last element is the present state for as long as the device is there, even if nothing
        has changed; a device that is lost gives an empty list.

        Args:
            now_ns: Present time, the clock of the stamps; never goes back.
        """
        ...

    def fault(self) -> str:
        """Why there is nothing to show, and the fix; '' while all is well."""
        ...

    def close(self) -> None:
        """Gives the device back; idempotent, returns within a second."""
        ...
