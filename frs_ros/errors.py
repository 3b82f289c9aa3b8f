# SPDX-License-Identifier: Apache-2.0
"""Errors whose message is written for the user: what is wrong, and what to do about it."""

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
