# SPDX-License-Identifier: Apache-2.0
"""Closed-form velocity fields with known answers."""

import numpy as np

from frs_ros.flow.mixture import GaussianMixture


def linear(rate):
    """v = rate x: one Euler step of length h multiplies by 1 + h rate."""
    return lambda x, t: rate * x


def mild(x, t):
    """A smooth non-linear field with a Lipschitz constant below 2 that depends on time."""
    time = t.reshape((-1,) + (1,) * (x.ndim - 1))
    return x * 0.5 - x / (1 + x**2) + time


def four_modes(std=0.35, radius=3.0):
    angles = np.arange(4) * np.pi / 2 + np.pi / 4
    means = radius * np.stack([np.cos(angles), np.sin(angles)], -1)
    return GaussianMixture(means, np.full(4, std), np.ones(4))
