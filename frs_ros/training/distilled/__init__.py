# SPDX-License-Identifier: Apache-2.0
"""Training of noise policies (DSBC) and of their baseline, on steering or demonstrations."""
