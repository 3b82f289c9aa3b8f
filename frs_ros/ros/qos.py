# SPDX-License-Identifier: Apache-2.0
"""Named quality-of-service profiles, each with its reason.

Publishers are always reliable, so that a subscriber can choose: reliable where every sample
counts (lockstep, recording), best effort where only the newest does (a robot in motion, displays).
"""

from __future__ import annotations

from rclpy.event_handler import PublisherEventCallbacks
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


# Images and CameraInfo leave a camera or the bridge: never block on a slow reader. Ten may wait
# for a reliable one, a third of a second: on a busy machine two cost a recorder images.
IMAGE_OUT = _profile(10)

# Lockstep: the simulator stands still until this very image is planned from; none may be lost.
IMAGE_LOCKSTEP = _profile(2)

# A robot in motion: an image that arrives late is worth nothing, the next one is better.
IMAGE_NEWEST = _profile(1, reliable=False)

# Robot and joint states at control rate; lockstep readers need the one with the stamp of the
# request, which may wait behind those of the steps before it.
STATE = _profile(20)

# Requests, chunks, lockstep guidance and scenes: each is needed once; a repeated request replaces
# the one before.
EXCHANGE = _profile(5)

# Guidance of a person at 50 Hz: only the newest counts, an old one must not queue.
GUIDANCE_NEWEST = _profile(1)

# Axes of a joystick: some publishers are best effort; a tap is a few messages, none may push out
# another.
AXES = _profile(10, reliable=False)

# Episode events: whoever comes late learns the current state.
LATCHED = _profile(1, latched=True)

# Recording: nothing may be lost while the recorder is busy.
RECORD = _profile(200)
RECORD_LATCHED = _profile(200, latched=True)

# Commands to the controllers of an arm, and what comes from them: only the newest counts. Some
# broadcasters are best effort. Of joint states a few may wait: several nodes publish theirs.
COMMAND = _profile(1)
ARM_STATE = _profile(20, reliable=False)
ARM_NEWEST = _profile(1, reliable=False)

# Displays: only the newest of what is drawn counts.
DISPLAY = _profile(1)

# Diagnostics, at the depth of diagnostic_updater.
DIAGNOSTICS = _profile(10)

# For publishers of a node that keeps time: rclpy's executor looks at the event handlers of every
# publisher each time it wakes up. Subscribers that do not fit are still named by their own nodes.
NO_EVENTS = PublisherEventCallbacks(use_default_callbacks=False)


def played(depth: int, *, latched: bool) -> QoSProfile:
    """A topic of a bag that is played: reliable whatever it was, latched if it was."""
    return _profile(depth, latched=latched)
