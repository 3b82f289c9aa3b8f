# SPDX-License-Identifier: Apache-2.0
"""Memory of policies that are not needed any more."""

from __future__ import annotations

import gc
import sys


def release_memory() -> None:
    """Gives back what nobody refers to, on a GPU too if torch has used one: others need it."""
    gc.collect()  # networks refer to themselves, and go only now
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
