# SPDX-License-Identifier: Apache-2.0
"""Large flow-matching policies of other projects: openpi's and LeRobot's pi0, pi0.5, SmolVLA."""
