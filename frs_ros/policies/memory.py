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


def forget_peaks() -> None:
    """Lets go of what is free on a GPU, and counts the most memory taken there from now on."""
    release_memory()
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_initialized():
        for device in range(torch.cuda.device_count()):
            if torch.cuda.memory_reserved(device):
                torch.cuda.reset_peak_memory_stats(device)
