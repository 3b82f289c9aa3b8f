# SPDX-License-Identifier: Apache-2.0
"""The command that made a result, so that a reader can repeat it."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence


def command_line(
    words: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    args: argparse.Namespace,
    omit: Sequence[str] = (),
) -> str:
    """`frs WORDS` with every option that is not at its default.

    Args:
        words: Of the command, such as 'eval'.
        add_arguments: Declares its options.
        args: What it was called with.
        omit: Names of options on which the result does not depend.
    """
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    parts = ['frs', *words.split()]
    for action in parser._actions:
        value = getattr(args, action.dest, action.default)
        if value == action.default or action.dest in omit:
            continue
        for item in value if isinstance(value, list) else [value]:
            parts += [action.option_strings[0], shlex.quote(str(item))]
    return ' '.join(parts)
