# SPDX-License-Identifier: Apache-2.0
"""A page whose tables and figures are generated between comments, so that nobody types them.

<!-- frs report out/heldout --out page -->
(replaced by what the command writes)
<!-- end of report -->
"""

from __future__ import annotations

import re
from collections.abc import Callable

from frs_ros.errors import DataError

BEGIN = re.compile(r'<!-- frs report (?P<arguments>.*?) -->')
END = '<!-- end of report -->'


def regenerate(text: str, make: Callable[[str], str]) -> str:
    """The page with every block made anew.

    Args:
        text: The page.
        make: The Markdown of a block from the arguments in its first comment.

    Raises:
        DataError: The page has no block, or one has no end.
    """
    parts, position = [], 0
    for found in BEGIN.finditer(text):
        if found.start() < position:
            raise DataError(f'"{found[0]}" begins before the block above it has an "{END}"')
        end = text.find(END, found.end())
        if end < 0:
            raise DataError(f'"{found[0]}" has no "{END}"')
        block = make(found['arguments']).strip('\n')
        parts += [text[position : found.end()], f'\n{block}\n', END]
        position = end + len(END)
    if not parts:
        raise DataError('the page has no block that begins with "<!-- frs report ... -->"')
    return ''.join([*parts, text[position:]])
