# SPDX-License-Identifier: Apache-2.0
"""Import from and export to the formats of other projects."""
