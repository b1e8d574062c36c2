"""OpenAPI 3 and Swagger 2 documents (YAML or JSON) in, one fact each out: the tree, and what the specification rejects.

Problems come from the official JSON schemas and from the MUSTs of the text that the schemas cannot say. References to
other files and to URLs are neither followed nor judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ContractProblem, OpenApiDocument
from archlint.core.source import SourceFile
from archlint.core.tree import Mapping
from archlint.readers import yaml
from archlint.readers.openapi.schema import schema_problems
from archlint.readers.openapi.semantics import semantic_problems

VERSION = yaml.VERSION * 1000 + 1
PROBLEM_LIMIT = 50


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The documents of the file that say ``openapi`` or ``swagger``, then its gaps."""
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        version = tree.text(document, "openapi") or tree.text(document, "swagger")
        if version:
            yield OpenApiDocument(document.at, version, document, _problems(document, version))
    yield from documents.gaps


def _problems(document: Mapping, version: str) -> tuple[ContractProblem, ...]:
    """The problems in the order of their places; one a line, as a second one is nearly always the first again."""
    by_line: dict[int, ContractProblem] = {}
    for problem in (*semantic_problems(document, version), *schema_problems(document, version)):
        by_line.setdefault(problem.at.line, problem)
    return tuple(by_line[line] for line in sorted(by_line))[:PROBLEM_LIMIT]
