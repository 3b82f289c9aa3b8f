# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 boundary: message conversion, parameters, quality of service."""
