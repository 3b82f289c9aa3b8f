# SPDX-License-Identifier: Apache-2.0
"""Errors whose message is written for the user: what is wrong, and what to do about it."""

import sys
from pathlib import Path

from frs_ros.text import one_line

LONGEST = 2000  # characters of a message


class FrsError(Exception):
    """Base of all errors that the command line shows as one line and ends with exit code 2.

    Whatever a message quotes, it is one line of bounded length that steers no terminal.
    """

    def __str__(self) -> str:
        text = super().__str__()
        short = len(text) <= LONGEST
        return text if short and text.isprintable() else one_line(text, LONGEST)


class ConfigError(FrsError):
    """An argument, parameter or name that does not exist or does not fit."""


class CheckpointError(FrsError):
    """A checkpoint that is missing, truncated, or made for something else."""


class AssetError(FrsError):
    """Simulator assets that are missing or incomplete."""


class DataError(FrsError):
    """Recorded data that is missing, corrupt or inconsistent."""


class DependencyError(FrsError):
    """An optional library or system package that the requested function needs is not installed."""


def choose(kind: str, name: str, choices: object) -> str:
    """Returns `name` if it is one of `choices`, else raises a ConfigError that lists them.

    Args:
        kind: What is being chosen, for the message, such as 'method'.
        name: The user's choice.
        choices: Iterable of valid names.
    """
    valid = sorted(str(c) for c in choices)  # type: ignore[attr-defined]
    if name not in valid:
        raise ConfigError(
            f"unknown {kind} '{one_line(name, 100)}'; choose one of: {', '.join(valid)}"
        )
    return name


_ROOT = Path(__file__).resolve().parents[1]
_OF_ROS = ('rclpy', 'rcl_interfaces', 'builtin_interfaces', 'ament_index_python', 'launch')
# Names of Python modules that are not those of their packages.
_PACKAGES = {
    'PIL': 'pillow (apt: python3-pil)',
    'cv2': 'opencv-python-headless (apt: python3-opencv)',
    'pinocchio': 'pin (apt: ros-DISTRIBUTION-pinocchio)',
    'yaml': 'PyYAML (apt: python3-yaml)',
}


def not_installed(error: ModuleNotFoundError) -> DependencyError:
    """What to install for a module that was not found; raises `error` if it is one of ours.

    `make setup` is the answer in the environment that it makes, beside the sources. Elsewhere,
    such as on a ROS workstation, Python packages come from apt or pip, and ROS by sourcing it.
    """
    module = error.name or ''
    if module.split('.')[0] == 'frs_ros' and not module.startswith('frs_ros.msg'):
        raise error
    return DependencyError(f"the Python package '{module}' is not installed; {how_to_get(module)}")


def how_to_get(module: str) -> str:
    """What to do so that a Python module can be imported by the running Python."""
    top = module.split('.')[0]
    if (_ROOT / 'Makefile').is_file() and Path(sys.prefix).parent == _ROOT:
        return "run 'make setup'"
    if top == 'frs_ros':
        return 'colcon build --packages-select frs_ros, then source install/setup.bash'
    if top in _OF_ROS or top.endswith(('_msgs', '_srvs', '_ros')):
        return 'source /opt/ros/DISTRIBUTION/setup.bash and install/setup.bash of the workspace'
    package = _PACKAGES.get(top, top)
    return f'install {package} for {sys.executable}, or build with the Python that has it (README)'
