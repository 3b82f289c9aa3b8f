# SPDX-License-Identifier: Apache-2.0
"""Bags of rosbag2, without ROS."""
