# SPDX-License-Identifier: Apache-2.0
"""The safety envelope: pure functions between what a policy wants and what the robot gets."""
