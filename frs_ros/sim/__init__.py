# SPDX-License-Identifier: Apache-2.0
"""LIBERO without ROS: tasks, assets, rendering, scripted expert, episode outcomes.

MuJoCo reads its rendering backend when it is first imported, so importing this package
chooses one.
"""

from frs_ros.sim.backend import choose_backend

choose_backend()
