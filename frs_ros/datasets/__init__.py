# SPDX-License-Identifier: Apache-2.0
"""Datasets on disk, and how they are made."""
