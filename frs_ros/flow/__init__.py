# SPDX-License-Identifier: Apache-2.0
"""Sampling and inversion of velocity fields: pure maths on numpy arrays or torch tensors."""
