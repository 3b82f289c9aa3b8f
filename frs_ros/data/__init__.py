# SPDX-License-Identifier: Apache-2.0
"""Episodes and datasets on disk."""
