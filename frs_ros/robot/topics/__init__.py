# SPDX-License-Identifier: Apache-2.0
"""An arm that somebody else's controllers drive, reached by topics."""
