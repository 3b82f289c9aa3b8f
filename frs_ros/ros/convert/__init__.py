# SPDX-License-Identifier: Apache-2.0
"""Messages <-> `frs_ros.types`: pure functions, one module per subject.

A message comes from outside: what is misshaped, out of range or not finite raises a DataError
whose line names message and field.
"""
