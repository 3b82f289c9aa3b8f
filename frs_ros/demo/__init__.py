# SPDX-License-Identifier: Apache-2.0
"""Images, video and table of `frs demo`, made of recorded episodes. Without ROS."""
