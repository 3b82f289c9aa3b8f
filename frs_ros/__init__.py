# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering of flow-matching robot policies, on ROS 2 and in LIBERO."""
