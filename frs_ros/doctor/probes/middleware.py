# SPDX-License-Identifier: Apache-2.0
"""rclpy, its middleware, and our messages. Their names stay out of this layer's imports."""

from __future__ import annotations

import importlib
from typing import Any


def look() -> dict[str, Any]:
    """Middleware in use, where rclpy is, and the names of our messages that were built."""
    rclpy = importlib.import_module('rclpy')
    found = {'rmw': rclpy.get_rmw_implementation_identifier(), 'file': rclpy.__file__}
    try:
        messages = importlib.import_module('frs_ros.msg')
    except ImportError as error:
        return {**found, 'messages': None, 'reason': ' '.join(str(error).split())}
    return {**found, 'messages': [name for name in dir(messages) if name[0].isupper()]}
