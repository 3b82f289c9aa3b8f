# SPDX-License-Identifier: Apache-2.0
"""Six-axis devices that a person steers with. Libraries of devices are imported where used."""
