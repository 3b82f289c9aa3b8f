# SPDX-License-Identifier: Apache-2.0
"""One module per `frs` command, each with `add_arguments(parser)` and `run(args)`.

The modules are imported to parse their command, so they import heavy libraries inside `run`.
"""
