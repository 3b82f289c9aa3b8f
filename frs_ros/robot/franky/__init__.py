# SPDX-License-Identifier: Apache-2.0
"""The driver for Franka arms through the library franky (libfranka)."""
