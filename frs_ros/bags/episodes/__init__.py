# SPDX-License-Identifier: Apache-2.0
"""Episodes put together from recorded or live messages."""
