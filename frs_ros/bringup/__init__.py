# SPDX-License-Identifier: Apache-2.0
"""Graphs: which processes they are made of, how these are started and supervised."""
