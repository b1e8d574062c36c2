"""skaffold.yaml in, one fact a document out."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import SkaffoldConfig
from archlint.core.source import SourceFile
from archlint.readers import yaml


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The configurations of the file, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        yield SkaffoldConfig(document.at, document)
    yield from documents.gaps
