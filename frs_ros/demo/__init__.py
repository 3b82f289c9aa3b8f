# SPDX-License-Identifier: Apache-2.0
"""Pictures, video and table of `frs demo`, made of recorded episodes. Without ROS."""
