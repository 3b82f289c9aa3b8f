# SPDX-License-Identifier: Apache-2.0
"""RealSense cameras that are plugged in."""

from __future__ import annotations

from typing import Any


def look() -> dict[str, Any]:
    """Version of the library, and for every camera what it says of itself; none is opened."""
    import pyrealsense2 as rs

    wanted = {
        'name': rs.camera_info.name,
        'serial': rs.camera_info.serial_number,
        'firmware': rs.camera_info.firmware_version,
        'recommended': rs.camera_info.recommended_firmware_version,
        'usb': rs.camera_info.usb_type_descriptor,
    }
    cameras = [
        {key: dev.get_info(info) if dev.supports(info) else '' for key, info in wanted.items()}
        for dev in rs.context().query_devices()
    ]
    return {'version': rs.__version__, 'cameras': cameras}
