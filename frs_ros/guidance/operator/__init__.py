# SPDX-License-Identifier: Apache-2.0
"""Guidance by a person: keys, six-axis devices, and the line on the screen."""
