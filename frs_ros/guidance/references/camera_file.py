# SPDX-License-Identifier: Apache-2.0
"""Axes of cameras from a JSON file: {"NAME": {"axes": [[..], [..], [..]], "parent": "tool"}}."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from frs_ros.documents import read_json
from frs_ros.errors import ConfigError
from frs_ros.guidance.references.frames import TOOL, CameraAxes
from frs_ros.messages.guidance import BASE

_KEYS = {'axes', 'parent'}


def load_cameras(path: str | Path) -> dict[str, CameraAxes]:
    """Cameras by name; the parent is 'base' unless the file says 'tool'.

    Raises:
        ConfigError: The file is missing, no JSON of that form, or an entry is wrong.
    """
    try:
        entries = read_json(path, ConfigError)
    except ConfigError as error:
        raise ConfigError(f'cannot read camera axes: {error}') from error
    if not isinstance(entries, dict):
        raise ConfigError(f"camera axes in '{path}' must be an object with a camera per name")
    cameras = {}
    for name, entry in entries.items():
        try:
            cameras[name] = _camera(name, entry)
        except ConfigError as error:
            raise ConfigError(f"'{path}', camera '{name}': {error}") from error
    return cameras


def _camera(name: str, entry: Any) -> CameraAxes:
    if name in ('', BASE, TOOL):
        raise ConfigError(f"a camera has a name, other than '{BASE}' and '{TOOL}'")
    if not isinstance(entry, dict) or 'axes' not in entry or not set(entry) <= _KEYS:
        raise ConfigError('must be an object with axes and perhaps parent')
    try:
        return CameraAxes(entry['axes'], str(entry.get('parent', BASE)))
    except (TypeError, ValueError) as error:  # no numbers, or rows of different length
        raise ConfigError('axes must be 3 rows of 3 numbers') from error
