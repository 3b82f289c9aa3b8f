# SPDX-License-Identifier: Apache-2.0
"""PyTorch and the graphics cards it can use."""

from __future__ import annotations

from typing import Any


def look() -> dict[str, Any]:
    """Version, CUDA version it was built for ('' for none), and every card with its memory."""
    import torch

    cards = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        cards.append({'name': name, 'free': free, 'total': total})
    return {'version': torch.__version__, 'cuda': torch.version.cuda or '', 'cards': cards}
