"""The files of a Helm chart: Chart.yaml and values as trees, templates as text. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact
from archlint.core.facts.documents import HelmChart, HelmTemplate, HelmValues
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span
from archlint.readers import yaml


def read(file: SourceFile) -> Iterator[AnyFact]:
    """What the chart's file says, then its gaps."""
    if file.kind is Kind.HELM_TEMPLATE:
        try:
            text = file.text
        except UnicodeError as error:
            yield yaml.encoding_gap(file.path, error)
            return
        lines = text.split("\n")
        yield HelmTemplate(Span(file.path, 1, 1, len(lines), len(lines[-1]) + 1), text)
        return
    documents = yaml.read_documents(file)
    for document in documents.mappings:
        if file.kind is Kind.HELM_CHART:
            yield HelmChart(document.at, tree.text(document, "name") or "", document)
        else:
            yield HelmValues(document.at, document)
    yield from documents.gaps
