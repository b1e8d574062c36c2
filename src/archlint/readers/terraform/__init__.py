"""Terraform in (``.tf``, ``.tofu``, ``.tfvars``, and their JSON forms), one fact a top-level block out.

Expressions are kept as they are written (see the facts); nothing is evaluated here. Syntax errors are gaps, and the
blocks around them are still read.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import TerraformBlock
from archlint.core.source import SourceFile
from archlint.readers import yaml
from archlint.readers.terraform.expressions import Source
from archlint.readers.terraform.json_syntax import json_blocks, json_values

VERSION = yaml.VERSION * 1000 + 1
GAP_LIMIT = 5


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The blocks of the file, then its gaps; the values of a ``.tfvars`` file are one block of type ``tfvars``."""
    name = file.name
    if name.endswith(".json"):
        documents = yaml.read_documents(file)
        for document in documents.mappings:
            if name.endswith(".tfvars.json"):
                yield json_values(document)
            else:
                yield from json_blocks(document)
        yield from documents.gaps
        return
    try:
        text = file.text
    except UnicodeError as error:
        yield yaml.encoding_gap(file.path, error)
        return
    source = Source(file.path, text)
    attributes, blocks = source.body(source.root)
    if name.endswith(".tfvars"):
        yield TerraformBlock(source.whole(), "tfvars", (), attributes, ())
    else:
        yield from blocks
    for at in source.errors(GAP_LIMIT):
        yield Gap(at, "syntax", "is not valid HCL here; run `terraform fmt` to see why, or exclude the file")
