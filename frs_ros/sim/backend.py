# SPDX-License-Identifier: Apache-2.0
"""Choice of the OpenGL implementation that MuJoCo renders with."""

from __future__ import annotations

import os
from pathlib import Path


def choose_backend() -> None:
    """Sets MUJOCO_GL where the user has not: EGL beside a GPU, else the software renderer.

    Must run before the first import of mujoco. Software rendering is limited to one thread, so
    that several simulators share the cores evenly.
    """
    if 'MUJOCO_GL' not in os.environ:
        gpu = Path('/dev/nvidia0').exists() or Path('/dev/dri/renderD128').exists()
        os.environ['MUJOCO_GL'] = 'egl' if gpu else 'osmesa'
    os.environ.setdefault('PYOPENGL_PLATFORM', os.environ['MUJOCO_GL'])
    os.environ.setdefault('LP_NUM_THREADS', '1')
