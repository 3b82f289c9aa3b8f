# SPDX-License-Identifier: Apache-2.0
"""Steering methods, one per file."""
