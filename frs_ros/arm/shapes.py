# SPDX-License-Identifier: Apache-2.0
"""How thick the arm is: capsules and boxes that enclose its links and the Franka Hand."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float, float]

HAND, FINGERS, PARTS = 8, 9, 10  # as links: what is mounted on the flange


@dataclass(frozen=True)
class Capsule:
    """All points within `radius` of the straight line from `start` to `end`.

    Attributes:
        link: 0 base, 1 .. 7, `HAND`, `FINGERS` or `PARTS` of the tool. The frame is that of the
            joint of the same number (`ArmModel.dh`), and of the Franka Hand from `HAND` on.
        start: m.
        end: m.
        radius: m.
    """

    link: int
    start: Point
    end: Point
    radius: float


@dataclass(frozen=True)
class Box:
    """All points between two corners; see `Capsule` for `link` and frames."""

    link: int
    low: Point
    high: Point


# Fitted to the published meshes of FER and FR3 (franka_description 1.0, Apache-2.0: robot_arms/
# fer|fr3 and robot_ee/franka_hand): no vertex of a link is outside of the link's own capsules by
# more than 0.5 mm. The coarse capsules for self-collision of that description are thinner: up to
# 19 mm of elbow and shoulder are outside of them.
ARM = (
    Capsule(0, (-0.061, 0.0, 0.0375), (-0.002, 0.0, 0.0505), 0.1085),
    Capsule(1, (0.0, 0.0, -0.1665), (-0.003, -0.0065, -0.1235), 0.0620),
    Capsule(1, (0.0, -0.0775, 0.0), (0.0, -0.0035, -0.001), 0.0570),
    Capsule(1, (0.0, -0.0645, -0.003), (0.0, 0.0, -0.090), 0.0590),
    Capsule(2, (0.0, -0.001, 0.0), (0.0, -0.001, 0.0765), 0.0575),
    Capsule(2, (0.0, -0.162, 0.0), (0.0, -0.119, 0.002), 0.0650),
    Capsule(2, (0.0, -0.088, 0.0015), (0.0, -0.002, 0.065), 0.0590),
    Capsule(3, (0.0, 0.0, -0.103), (0.0085, 0.0, -0.058), 0.0600),
    Capsule(3, (0.075, 0.064, -0.0045), (0.0795, 0.0155, -0.004), 0.0660),
    Capsule(4, (0.0, 0.0, 0.0115), (0.0, 0.0, 0.063), 0.0570),
    Capsule(4, (-0.0825, 0.1155, 0.0), (-0.074, 0.014, -0.0005), 0.0575),
    Capsule(4, (-0.025, 0.001, 0.092), (-0.0385, 0.0655, 0.0045), 0.0405),
    Capsule(5, (0.0, 0.0, -0.2335), (0.0, 0.001, -0.2245), 0.0630),
    Capsule(5, (0.0, 0.038, -0.186), (0.0, 0.050, -0.182), 0.0505),
    Capsule(5, (0.0, 0.0775, -0.146), (0.0, 0.0995, -0.0635), 0.0355),
    Capsule(5, (0.0, 0.046, 0.001), (0.0, 0.0895, -0.003), 0.0575),
    Capsule(6, (0.003, 0.0067, 0.0011), (0.0084, 0.0033, 0.0174), 0.0585),
    Capsule(6, (0.0753, 0.0331, 0.0009), (0.0821, -0.0263, 0.0041), 0.0590),
    Capsule(7, (0.0004, 0.002, 0.078), (-0.002, -0.0004, 0.0787), 0.0545),
    Capsule(7, (0.0366, 0.0361, 0.0852), (0.042, 0.0422, 0.0862), 0.0400),
)

# Body of the hand (its mesh), and what the fingers sweep between closed and open (their collision
# boxes, each shifted by up to 40 mm): their carriages and bends, and the rubber tips.
GRIPPER = (
    Box(HAND, (-0.032, -0.104, -0.012), (0.032, 0.102, 0.0665)),
    Box(HAND, (-0.006, -0.103, -0.027), (0.006, -0.044, -0.010)),
    Box(FINGERS, (-0.011, -0.0665, 0.0580), (0.011, 0.0665, 0.0950)),
    Box(FINGERS, (-0.009, -0.0555, 0.0940), (0.009, 0.0555, 0.1129)),
)
