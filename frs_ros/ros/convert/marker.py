# SPDX-License-Identifier: Apache-2.0
"""Shapes -> visualization_msgs/Marker, as RViz and Foxglove draw them."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker

Colour = tuple[float, float, float, float]  # red, green, blue, opacity in [0, 1]


def lines(
    name: str, points: np.ndarray, width: float, colour: Colour, *, joined: bool = True
) -> Marker:
    """A line through points [n, 3] in m, or one for each two of them; `width` in m."""
    marker = _marker(name, Marker.LINE_STRIP if joined else Marker.LINE_LIST, colour)
    marker.points = [_point(point) for point in points]
    marker.scale.x = float(width)
    return marker


def arrow(name: str, start: np.ndarray, end: np.ndarray, width: float, colour: Colour) -> Marker:
    """An arrow between two points [3] in m; `width` is that of its shaft, m."""
    marker = _marker(name, Marker.ARROW, colour)
    marker.points = [_point(start), _point(end)]
    marker.scale.x, marker.scale.y = float(width), 2.0 * width
    return marker


def nothing(name: str) -> Marker:
    """Takes away what was drawn under this name."""
    return Marker(ns=name, id=0, action=Marker.DELETE)


def place(markers: list[Marker], header: Header, lifetime: float) -> None:
    """Gives them a header, and `lifetime` seconds after which displays take them away."""
    seconds, fraction = divmod(lifetime, 1.0)
    for marker in markers:
        marker.header = header
        marker.lifetime = Duration(sec=int(seconds), nanosec=round(1e9 * fraction))


def _marker(name: str, kind: int, colour: Colour) -> Marker:
    red, green, blue, opacity = colour
    marker = Marker(ns=name, id=0, type=kind, action=Marker.ADD)
    marker.color = ColorRGBA(r=red, g=green, b=blue, a=opacity)
    marker.pose.orientation.w = 1.0
    return marker


def _point(values: np.ndarray) -> Point:
    x, y, z = (float(v) for v in values)
    return Point(x=x, y=y, z=z)
