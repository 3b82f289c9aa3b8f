# SPDX-License-Identifier: Apache-2.0
"""Whether there is a terminal that children of this process can read keys from."""

from __future__ import annotations

import os


def has_terminal() -> bool:
    """Whether this process has a controlling terminal and runs in its foreground."""
    try:
        descriptor = os.open('/dev/tty', os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(descriptor)
