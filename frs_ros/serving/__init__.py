# SPDX-License-Identifier: Apache-2.0
"""From a request and its inputs to a plan. Without ROS."""
