# SPDX-License-Identifier: Apache-2.0
"""What is drawn into a camera image: the guidance as an arrow, the planned chunk as a path."""

from __future__ import annotations

import cv2
import numpy as np

from frs_ros.bags.episodes.tape import Frame, TapedPlan
from frs_ros.cameras.codec import decode_jpeg
from frs_ros.demo.text import Colour
from frs_ros.messages.guidance import BASE, Gripper, Guidance

# LIBERO's controller lags behind its goal: at full command the gripper moves 12 mm per control
# step (measured over chunks of 10 steps), not the 50 mm that the action stands for.
METRES_PER_ACTION = 0.012
ARROW_LENGTH = 0.14  # m, at magnitude 1

GUIDED: Colour = (255, 120, 0)
PATH: Colour = (0, 90, 255)
OUTLINE: Colour = (255, 255, 255)

_SHIFT = 4  # cv2 takes pixels as integers with this many bits of fraction
_AXES = (('back', 'forward'), ('right', 'left'), ('down', 'up'))  # negative, positive


def planned_path(frame: Frame) -> np.ndarray:
    """Positions [n + 1, 3] through which the rest of the chunk leads, from the gripper on; m."""
    start = frame.gripper[None, :]
    if frame.plan is None:
        return start
    moves = frame.plan.chunk.actions[frame.executed :, :3]
    return np.concatenate([start, start + METRES_PER_ACTION * np.cumsum(moves, axis=0)])


def guidance_of(plan: TapedPlan | None) -> Guidance | None:
    """The guidance that a plan followed, None if it followed none."""
    if plan is None or plan.report is None or plan.report.guidance is None:
        return None
    return plan.report.guidance


def guidance_arrow(frame: Frame) -> np.ndarray | None:
    """Tail and tip [2, 3], m, of a direction given in the base frame, at the gripper; or None."""
    guidance = guidance_of(frame.plan)
    if guidance is None or not guidance.active or not np.any(guidance.direction):
        return None
    if guidance.frame != BASE:
        return None
    direction = guidance.direction / np.linalg.norm(guidance.direction)
    return np.stack([frame.gripper, frame.gripper + ARROW_LENGTH * guidance.magnitude * direction])


def guidance_words(guidance: Guidance | None) -> str:
    """The guidance in words, such as 'forward left'."""
    if guidance is None or not guidance.enabled:
        return 'none'
    if not guidance.active:
        return 'left to the policy'
    words = [
        names[int(value > 0)]
        for names, value in zip(_AXES, guidance.direction)
        if abs(value) > 0.3 * np.max(np.abs(guidance.direction))
    ]
    if guidance.gripper is not Gripper.POLICY:
        words.append(f'gripper {guidance.gripper.name.lower()}')
    return ' '.join(words) or 'turn'


def marked(frame: Frame) -> np.ndarray:
    """The image [h, w, 3] of a frame with its marks."""
    image = decode_jpeg(frame.jpeg)
    arrow = guidance_arrow(frame)
    if arrow is not None:
        draw_arrow(image, frame.camera.project(arrow))
    path = planned_path(frame)
    if len(path) > 1:
        draw_path(image, frame.camera.project(path))
    return image


def draw_path(image: np.ndarray, pixels: np.ndarray) -> None:
    """Draws a path through pixels [n, 2] with a dot at each, the first one left out."""
    points = _fixed(pixels)
    for colour, line, radius in ((OUTLINE, 4, 4), (PATH, 2, 2)):
        cv2.polylines(image, [points], False, colour, line, cv2.LINE_AA, _SHIFT)
        for point in points[1:]:
            cv2.circle(image, _pair(point), radius << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)


def draw_arrow(image: np.ndarray, pixels: np.ndarray) -> None:
    """Draws an arrow from pixel to pixel [2, 2]; one seen head-on becomes a dot."""
    tail, tip = _fixed(pixels)
    length = float(np.linalg.norm(pixels[1] - pixels[0]))
    head = min(0.4, 14.0 / max(length, 1.0))
    for colour, line in ((OUTLINE, 7), (GUIDED, 4)):
        cv2.circle(image, _pair(tail), (line - 1) << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)
        cv2.arrowedLine(image, _pair(tail), _pair(tip), colour, line, cv2.LINE_AA, _SHIFT, head)


def _fixed(pixels: np.ndarray) -> np.ndarray:
    """As cv2's integers with fraction, kept in a range it can draw."""
    return np.rint(np.clip(pixels, -4000, 4000) * (1 << _SHIFT)).astype(np.int32)


def _pair(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
