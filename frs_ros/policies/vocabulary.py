# SPDX-License-Identifier: Apache-2.0
"""Closed vocabulary of instructions: the small generalist knows sentences, not words."""

from __future__ import annotations

from collections.abc import Iterable

NO_INSTRUCTION = 0  # index of the null instruction; sentences count from 1


def normalise(text: str) -> str:
    """Lower case, blanks collapsed, no full stop at the end."""
    return ' '.join(text.lower().split()).rstrip('.')


class Vocabulary:
    """Instruction -> embedding index.

    Args:
        instructions: Known sentences; order and duplicates do not matter.
    """

    def __init__(self, instructions: Iterable[str]) -> None:
        self.instructions = tuple(sorted({normalise(i) for i in instructions} - {''}))
        self._index = {text: i for i, text in enumerate(self.instructions, NO_INSTRUCTION + 1)}

    def __len__(self) -> int:
        return len(self.instructions)

    def knows(self, instruction: str) -> bool:
        """Whether the sentence was seen in training."""
        return normalise(instruction) in self._index

    def index(self, instruction: str) -> int:
        """Index of the sentence, `NO_INSTRUCTION` if it is empty or unknown."""
        return self._index.get(normalise(instruction), NO_INSTRUCTION)
