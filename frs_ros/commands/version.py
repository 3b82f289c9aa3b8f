# SPDX-License-Identifier: Apache-2.0
"""The package's version, whose one source is package.xml."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path


def package_version() -> str:
    """Version from package.xml beside the sources or installed, else from pip's metadata."""
    package = Path(__file__).resolve().parents[1]
    manifests = [package.parent / 'package.xml']
    manifests += [parent / 'share' / 'frs_ros' / 'package.xml' for parent in package.parents]
    for manifest in manifests:
        if manifest.is_file():
            found = re.search(r'<version>\s*([^<\s]+)\s*</version>', manifest.read_text('utf-8'))
            if found:
                return found.group(1)
    try:
        return importlib.metadata.version('frs_ros')
    except importlib.metadata.PackageNotFoundError:
        return 'unknown'


def software_versions(*packages: str) -> dict[str, str]:
    """Versions of frs_ros, Python and the named PyPI packages that are installed."""
    versions = {'frs_ros': package_version(), 'python': platform.python_version()}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
