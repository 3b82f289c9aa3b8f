# SPDX-License-Identifier: Apache-2.0
"""Camera images: sources and the codec they travel with."""
