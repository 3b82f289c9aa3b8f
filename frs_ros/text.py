# SPDX-License-Identifier: Apache-2.0
"""Text from outside, made fit for a terminal, a log or an error message."""

from __future__ import annotations

import reprlib
import unicodedata

_JOINERS = '\u200c\u200d'  # scripts such as Persian need them within words
_REPR = reprlib.Repr()  # of bounded size, without making all of a large value
_REPR.maxstring = _REPR.maxother = 100


def printable(text: str, longest: int = 2000) -> str:
    r"""One line of bounded length in which nothing steers a terminal or forges another line.

    Control characters, line ends, invisible characters and lone surrogates become escapes such as
    `\x1b`; tabs and blanks stay.

    Args:
        text: Anything, such as a line of another program or words out of a message.
        longest: Characters to keep; what is longer ends with ' ...'.
    """
    kept = text if len(text) <= longest else f'{text[:longest]} ...'
    if kept.isprintable():
        return kept
    return ''.join(c if c == '\t' or is_plain(c) else _escaped(c) for c in kept)


def is_plain(text: str) -> bool:
    """Whether nothing in it steers a terminal, ends a line or hides; any script is plain."""
    return text.isprintable() or all(
        c.isprintable() or c in _JOINERS or unicodedata.category(c) == 'Zs' for c in text
    )


def one_line(problem: object, longest: int = 300) -> str:
    """As `printable` for the text of an error: line ends and runs of blanks become one blank."""
    return printable(' '.join(str(problem).split()), longest)


def shown(value: object) -> str:
    """A value from outside as it stands in an error message: one line, bounded, escaped."""
    try:
        return one_line(_REPR.repr(value), 120)
    except (ValueError, RecursionError):  # such as an integer of too many digits to write out
        return f'a value of type {type(value).__name__}'


def _escaped(character: str) -> str:
    return character.encode('unicode_escape').decode('ascii')
