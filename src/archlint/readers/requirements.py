"""The files that name a Python program's dependencies in, one requirement a dependency out.

Read are requirements files, pyproject.toml (PEP 621, dependency groups, Poetry, PDM, uv), setup.cfg, setup.py (its
literals; never run), Pipfile and conda's environment.yml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts import AnyFact, Gap
from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.source import SourceFile
from archlint.core.span import Span
from archlint.core.tree import Node, Scalar
from archlint.readers import configuration, toml, yaml
from archlint.readers.positions import Positions

LENGTH_LIMIT = 2_000
"""No requirement is longer; what follows is cut off."""

_NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?)[ \t]*(?:\[[^\]]*\])?[ \t]*(.*)", re.DOTALL)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._\-]+)")
_WHEEL = re.compile(r"(?:^|/)([A-Za-z0-9_.]+)-\d[^/]*\.whl\b")
_SEPARATORS = re.compile(r"[-_.]+")
_DEVELOPMENT = re.compile(
    r"(?:^|[^a-z])(?:dev|develop|development|tests?|testing|lint|docs?|ci|typing|types|qa|style)(?:[^a-z]|$)"
)
_SETUP_KEYS = {"install_requires": False, "tests_require": True, "setup_requires": True}


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The requirements of the file, then its gaps."""
    name = file.name
    if name == "setup.py":
        yield from _setup(file)
    elif name.endswith(".toml") or name == "Pipfile":
        root, gaps = toml.read_toml(file)
        if root:
            yield from _pipfile(root) if name == "Pipfile" else _pyproject(root)
        yield from gaps
    elif name.endswith((".yaml", ".yml")):
        documents = yaml.read_documents(file)
        for document in documents.trees:
            yield from _conda(document)
        yield from documents.gaps
    elif name.endswith(".cfg"):
        yield from _setup_cfg(file)
    else:
        yield from _lines(file)


def requirement(text: str, at: Span, development: bool) -> PythonRequirement | None:
    """A requirement as PEP 508 writes it, a URL, or None where the text names nothing."""
    text = text[:LENGTH_LIMIT].partition(";")[0].strip()
    if "://" in text.partition("@")[0] or text.startswith((".", "/")):
        found = _EGG.search(text) or _WHEEL.search(text)
        return PythonRequirement(at, normalised(found[1]), "", development) if found else None
    match = _NAME.match(text)
    if not match:
        return None
    specifier = match[2].partition(" --")[0].strip().strip("()")
    if specifier and specifier[0] not in "<>=!~@,*":
        return None
    return PythonRequirement(at, normalised(match[1]), specifier, development)


def normalised(name: str) -> str:
    """The name as PEP 503 compares it."""
    return _SEPARATORS.sub("-", name).lower()


def _is_development(name: str) -> bool:
    return _DEVELOPMENT.search(name.lower().replace("_", "-")) is not None


def _lines(file: SourceFile) -> Iterator[AnyFact]:
    try:
        text = file.text
    except UnicodeError as error:
        yield yaml.encoding_gap(file.path, error)
        return
    positions = Positions(file.path, text)
    stem = file.name.rpartition(".")[0]
    folder = file.directory.rpartition("/")[2]
    development = _is_development(f"{folder}/{stem}" if folder == "requirements" else stem)
    offset = 0
    joined = ""
    begin = 0
    for raw in text.split("\n"):
        line = raw.rstrip()
        if not joined:
            begin = offset + len(line) - len(line.lstrip())
        offset += len(raw) + 1
        if line.endswith("\\"):
            joined += line[:-1]
            continue
        content, joined = (joined + line).strip(), ""
        if content.startswith("#"):
            continue
        content = re.split(r"\s#", content, maxsplit=1)[0].rstrip()
        if content.startswith(("-e ", "--editable ")):
            content = content.partition(" ")[2].strip()
        if not content or content.startswith("-"):
            continue
        content = content.partition(" --hash")[0].rstrip()
        at = positions.span(begin, begin + len(content.partition("\\")[0]))
        if found := requirement(content, at, development):
            yield found


def _pyproject(root: tree.Mapping) -> Iterator[PythonRequirement]:
    yield from _strings(tree.get(root, "project", "dependencies"), False)
    for extra in tree.entries(root, "project", "optional-dependencies"):
        yield from _strings(extra.value, _is_development(extra.key))
    for group in tree.entries(root, "dependency-groups"):
        yield from _strings(group.value, True)
    poetry = tree.get(root, "tool", "poetry")
    yield from _table(tree.get(poetry, "dependencies"), False)
    yield from _table(tree.get(poetry, "dev-dependencies"), True)
    for group in tree.entries(poetry, "group"):
        yield from _table(tree.get(group.value, "dependencies"), True)
    yield from _strings(tree.get(root, "tool", "uv", "dev-dependencies"), True)
    for group in tree.entries(root, "tool", "pdm", "dev-dependencies"):
        yield from _strings(group.value, True)


def _pipfile(root: tree.Mapping) -> Iterator[PythonRequirement]:
    yield from _table(tree.get(root, "packages"), False)
    yield from _table(tree.get(root, "dev-packages"), True)


def _strings(node: Node | None, development: bool) -> Iterator[PythonRequirement]:
    for item in tree.items(node):
        if (
            isinstance(item, Scalar)
            and isinstance(item.value, str)
            and (found := requirement(item.value, item.at, development))
        ):
            yield found


def _table(node: Node | None, development: bool) -> Iterator[PythonRequirement]:
    """Poetry's and Pipenv's way: names as keys, versions or tables as values. ``python`` is no package."""
    for one in tree.entries(node):
        if one.key.lower() == "python":
            continue
        version = tree.text(one.value) or tree.text(one.value, "version") or ""
        yield PythonRequirement(one.at, normalised(one.key), version, development)


def _conda(document: Node) -> Iterator[PythonRequirement]:
    for item in tree.items(document, "dependencies"):
        yield from _strings(tree.get(item, "pip"), False)
        text = tree.text(item)
        if text and not text.startswith("python="):
            found = requirement(re.sub(r"(?<![=<>!~])=(?!=).*", "", text.rpartition("::")[2]), item.at, False)
            if found and found.name not in ("python", "pip"):
                yield found


def _setup_cfg(file: SourceFile) -> Iterator[AnyFact]:
    lines: list[str] | None = None
    for value in configuration.read(file):
        if isinstance(value, Gap):
            yield value
            continue
        if not isinstance(value, ConfigValue):
            continue
        section, _, name = value.key.rpartition(".")
        if section == "options" and name in _SETUP_KEYS:
            development = _SETUP_KEYS[name]
        elif section == "options.extras_require":
            development = _is_development(name)
        else:
            continue
        lines = lines if lines is not None else file.text.split("\n")
        for number in range(value.at.line, value.at.end_line + 1):
            line = lines[number - 1]
            content = line[value.at.column - 1 :] if number == value.at.line else line
            text = content.partition(" #")[0].strip()
            column = line.find(text) + 1
            at = Span(file.path, number, column, number, column + len(text))
            if text not in (name, f"{name} =", f"{name}=") and (found := requirement(text, at, development)):
                yield found


def _setup(file: SourceFile) -> Iterator[AnyFact]:
    """The literals that ``setup(…)`` gets, also by way of a name of the module."""
    try:
        module = ast.parse(file.data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # setup.py is Python first: its own reader reports it
    names = {
        target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(module):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == "setup"):
            continue
        for keyword in call.keywords:
            value = names.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
            if keyword.arg in _SETUP_KEYS:
                yield from _literals(file.path, value, _SETUP_KEYS[keyword.arg])
            elif keyword.arg == "extras_require" and isinstance(value, ast.Dict):
                for key, inner in zip(value.keys, value.values, strict=True):
                    name = key.value if isinstance(key, ast.Constant) else ""
                    yield from _literals(file.path, inner, _is_development(str(name)))


def _literals(path: str, value: ast.expr | None, development: bool) -> Iterator[PythonRequirement]:
    if not isinstance(value, ast.List | ast.Tuple | ast.Set):
        return
    for item in value.elts:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            at = Span(
                path, item.lineno, item.col_offset + 1, item.end_lineno or item.lineno, (item.end_col_offset or 0) + 1
            )
            if found := requirement(item.value, at, development):
                yield found
