# SPDX-License-Identifier: Apache-2.0
"""Coarse guidance of a person or a model, and the reference chunks they stand for."""
