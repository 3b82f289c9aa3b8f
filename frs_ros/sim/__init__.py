# SPDX-License-Identifier: Apache-2.0
"""LIBERO without ROS: tasks, assets, rendering, scripted expert, episode outcomes."""
