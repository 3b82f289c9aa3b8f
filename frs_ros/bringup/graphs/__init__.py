# SPDX-License-Identifier: Apache-2.0
"""The graphs that `frs up NAME` and `ros2 launch frs_ros NAME.launch.py` start."""

from __future__ import annotations

from frs_ros.bringup.graphs.droid import DROID
from frs_ros.bringup.graphs.droid_sim import DROID_SIM
from frs_ros.bringup.graphs.libero import LIBERO
from frs_ros.bringup.graphs.replay import REPLAY

GRAPHS = {graph.name: graph for graph in (LIBERO, DROID, DROID_SIM, REPLAY)}
