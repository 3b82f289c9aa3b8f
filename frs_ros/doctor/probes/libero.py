# SPDX-License-Identifier: Apache-2.0
"""LIBERO and its assets, without downloading any."""

from __future__ import annotations

import os
from typing import Any


def look() -> dict[str, Any]:
    """Folder of the stock assets, None if they are not on this machine."""
    os.environ['HF_HUB_OFFLINE'] = '1'
    from frs_ros.errors import AssetError
    from frs_ros.sim.assets import resolve
    from frs_ros.sim.suites import libero_folder

    libero_folder()  # LIBERO itself; an error of its own
    try:
        return {'stock': str(resolve('stock', 'libero_object').folder)}
    except AssetError:
        return {'stock': None}
