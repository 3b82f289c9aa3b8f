# SPDX-License-Identifier: Apache-2.0
"""Values that travel over the topics, without ROS: twins of the files in msg/."""
