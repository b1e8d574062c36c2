"""Words in the names that people give."""

from __future__ import annotations

from archlint.core.record import pattern

_WORDS = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> set[str]:
    """The words of a dotted name in lower case: ``getJSONLogger`` has ``get``, ``json``, ``logger``."""
    return {one.lower() for one in _WORDS.findall(name)}
