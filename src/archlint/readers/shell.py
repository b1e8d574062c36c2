"""A shell script in, its text out."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ShellScript
from archlint.core.source import SourceFile
from archlint.readers.positions import Positions
from archlint.readers.yaml import encoding_gap


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The script, or a gap where it is no text."""
    try:
        text = file.text
    except UnicodeError as error:
        yield encoding_gap(file.path, error)
        return
    yield ShellScript(Positions(file.path, text).whole(), text)
