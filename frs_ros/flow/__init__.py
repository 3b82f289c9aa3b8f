# SPDX-License-Identifier: Apache-2.0
"""Sampling and inversion of velocity fields: pure maths on numpy arrays or torch tensors."""

from frs_ros.flow.grids import uniform
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.invert import SOLVERS, invert
from frs_ros.flow.sample import sample

__all__ = ['SOLVERS', 'Inversion', 'invert', 'sample', 'uniform']
