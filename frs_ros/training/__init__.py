# SPDX-License-Identifier: Apache-2.0
"""Training of the small generalist and of noise policies."""
