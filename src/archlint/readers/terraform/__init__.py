"""Terraform in (``.tf``, ``.tofu``, ``.tfvars``, and their JSON forms), one fact a top-level block out.

Expressions are kept as they are written (see the facts); nothing is evaluated here. Syntax errors are gaps, and the
blocks around them are still read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import TerraformBlock
from archlint.core.source import SourceFile
from archlint.readers import yaml
from archlint.readers.terraform.expressions import Source
from archlint.readers.terraform.json_syntax import json_blocks, json_values

GAP_LIMIT = 5
BLOCK_LIMIT = 1_000

_TOP_LEVEL = re.compile(r"^[a-z_]+(?:[ \t]+(?:\"[^\"\n]*\"|[\w-]+)){0,3}[ \t]*\{", re.MULTILINE)


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
    is_values = name.endswith(".tfvars")
    sources = [Source(file.path, text)]
    if sources[0].root.has_error and not is_values:
        sources = list(_apart(file.path, text))
    for source in sources:
        attributes, blocks = source.body(source.root)
        if is_values:
            yield TerraformBlock(source.whole(), "tfvars", (), attributes, ())
        else:
            yield from blocks
    errors = (at for source in sources for at in source.errors(GAP_LIMIT))
    for at in islice(errors, GAP_LIMIT):
        yield Gap(at, "syntax", "this is not valid HCL; run `terraform fmt` to see why, or exclude the file")


def _apart(path: str, text: str) -> Iterator[Source]:
    """The top-level blocks each by itself, as the parser takes one syntax error for the end of all that follows.

    Empty lines before each keep its place.
    """
    starts = [match.start() for match in _TOP_LEVEL.finditer(text)][:BLOCK_LIMIT]
    if not starts or text[: starts[0]].strip():
        starts.insert(0, 0)
    line = text.count("\n", 0, starts[0])
    for start, end in pairwise([*starts, len(text)]):
        yield Source(path, "\n" * line + text[start:end])
        line += text.count("\n", start, end)
