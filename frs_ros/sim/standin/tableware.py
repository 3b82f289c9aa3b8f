# SPDX-License-Identifier: Apache-2.0
"""Bowl, plate, ramekin and wine bottle. Walls are rings of boxes, as in the originals."""

from __future__ import annotations

from frs_ros.sim.standin.parts import geoms, object_xml, ring

BLACK, WHITE = (0.09, 0.09, 0.1), (0.92, 0.92, 0.9)
RED_RIM, GREEN_GLASS, LABEL = (0.75, 0.15, 0.12), (0.1, 0.3, 0.14), (0.85, 0.8, 0.6)


def files() -> dict[str, str]:
    """Path in the pack -> XML."""
    scanned = {
        'akita_black_bowl': _bowl(),
        'plate': _plate(),
        'glazed_rim_porcelain_ramekin': _ramekin(),
    }
    made = {
        f'stable_scanned_objects/{name}/{name}.xml': object_xml(name, body)
        for name, body in scanned.items()
    }
    made['turbosquid_objects/wine_bottle/wine_bottle.xml'] = object_xml('wine_bottle', _bottle())
    return made


def _bowl() -> str:
    """10 cm across, 5 cm high: a floor, a flaring foot, a wall thin enough to be gripped."""
    return (
        geoms('cylinder', (0.025, 0.0026), BLACK, (0, 0, 0.0042))
        + ring(16, 0.0336, 0.0098, (0.0007, 0.0099, 0.0119), 1.04, BLACK)
        + ring(16, 0.0471, 0.0337, (0.0013, 0.0096, 0.01875), 0.26, BLACK)
    )


def _plate() -> str:
    """14 cm across, 1.5 cm high; its red rim tells it from other white things."""
    return (
        geoms('cylinder', (0.034, 0.0022), WHITE, (0, 0, 0.0020))
        + ring(12, 0.0400, 0.0034, (0.0108, 0.0125, 0.0025), -0.33, WHITE)
        + ring(12, 0.0575, 0.0093, (0.0093, 0.0170, 0.0025), -0.33, RED_RIM)
    )


def _ramekin() -> str:
    """8 cm across, 4.2 cm high."""
    return geoms('cylinder', (0.034, 0.0032), WHITE, (0, 0, 0.0041)) + ring(
        16, 0.0382, 0.0217, (0.0026, 0.0090, 0.0208), 0.15, WHITE
    )


def _bottle() -> str:
    """16 cm high, 4 cm across."""
    return (
        geoms('cylinder', (0.0197, 0.0361), GREEN_GLASS, (0, 0, 0.0373))
        + geoms('cylinder', (0.0201, 0.018), LABEL, (0, 0, 0.036))
        + geoms('cylinder', (0.0118, 0.007), GREEN_GLASS, (0, 0, 0.0811))
        + geoms('cylinder', (0.0085, 0.007), GREEN_GLASS, (0, 0, 0.0931))
        + geoms('cylinder', (0.0068, 0.0552), GREEN_GLASS, (0, 0, 0.1029))
    )
