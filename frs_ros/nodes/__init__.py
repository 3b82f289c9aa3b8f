# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes: each declares parameters, wires topics, converts and delegates."""
