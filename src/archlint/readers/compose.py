"""Compose files in, one fact a document out: the tree as written. Nothing is interpolated or merged here."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ComposeFile
from archlint.core.source import SourceFile
from archlint.readers import yaml


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The compose documents of the file, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        yield ComposeFile(document.at, document)
    yield from documents.gaps
