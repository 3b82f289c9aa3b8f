# SPDX-License-Identifier: Apache-2.0
"""Comparing steering methods: episodes, statistics, tables and figures."""
