# SPDX-License-Identifier: Apache-2.0
"""What actions mean to the arm: one file per action space, all leading to joint positions."""
