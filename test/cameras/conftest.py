# SPDX-License-Identifier: Apache-2.0
"""Loads ROS, where there is one, before any test loads pyrealsense2.

The wheel of pyrealsense2 brings a DDS of its own. In a process that loads it before that of ROS
and then makes a node, the exit handlers crash. Nodes load ROS first; so do these tests.
"""

import contextlib

with contextlib.suppress(ImportError):
    import rclpy  # noqa: F401
