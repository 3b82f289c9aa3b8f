# SPDX-License-Identifier: Apache-2.0
"""Whether Python modules can be imported."""

from __future__ import annotations

import importlib
from typing import Any


def look(*names: str) -> dict[str, Any]:
    """Module -> its version, '' if it does not say, or {'error': line} if the import failed."""
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = str(getattr(importlib.import_module(name), '__version__', ''))
        except Exception as error:  # a library may fail in any way, a missing one is only one
            found[name] = {'error': ' '.join(str(error).split()) or type(error).__name__}
    return found
