# SPDX-License-Identifier: Apache-2.0
"""SpaceMouse devices that pyspacemouse finds."""

from __future__ import annotations

from typing import Any


def look() -> dict[str, Any]:
    """Names of the devices that are plugged in; none is opened."""
    import pyspacemouse

    return {'devices': [str(device) for device in pyspacemouse.get_connected_devices()]}
