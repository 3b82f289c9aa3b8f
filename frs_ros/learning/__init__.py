# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation: one algorithm per file."""
