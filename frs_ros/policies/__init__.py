# SPDX-License-Identifier: Apache-2.0
"""Flow-matching policies behind one contract, and their checkpoints."""
