"""``archlint facts`` and ``archlint model``: what archlint saw and how it understood it, as JSON."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from archlint.cli import output
from archlint.cli.redaction import without_secrets
from archlint.config import Options
from archlint.core.span import Span
from archlint.core.system import SYSTEM_SUBJECTS, Subject, System
from archlint.core.values import Unknown

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Use this archlint.yaml.")
def facts(paths: tuple[Path, ...], config: Path | None) -> None:
    """Show what the readers saw in the files at PATHS, as JSON."""
    from archlint import model as models
    from archlint.survey import locate, read

    options = Options(paths=paths, cwd=Path.cwd(), config=config)
    root, settings, _ = locate(options)
    found = read(root, settings, options)
    wanted = [(options.cwd / path).resolve().relative_to(root).as_posix() for path in paths]
    shown = [
        {"fact": type(fact).__name__, **as_fields(fact)}
        for fact in found.facts
        if any(path in (".", fact.at.path) or fact.at.path.startswith(f"{path}/") for path in wanted)
    ]
    output.write(without_secrets(encoded(shown), models.build(found.facts, settings), found.workspace))


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--type", "kinds", multiple=True, metavar="TYPE", help="Only subjects of this type. Repeatable.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Use this archlint.yaml.")
def model(path: Path | None, kinds: tuple[str, ...], config: Path | None) -> None:
    """Show the system as archlint understands it, as JSON: its subjects by type, other subjects by name."""
    from archlint.ruleset.errors import did_you_mean
    from archlint.survey import locate, survey

    known = {kind.__name__: kind for kind in SYSTEM_SUBJECTS}
    for name in kinds:
        if name not in known:
            raise click.UsageError(f"no subject is called {name!r}{did_you_mean(name, known)}")
    options = Options(paths=(path,) if path else (), cwd=Path.cwd(), config=config)
    root, settings, _ = locate(options)
    found = survey(root, settings, options)
    text = encoded(as_document(found.system, [known[name] for name in kinds or known]))
    output.write(without_secrets(text, found.system, found.workspace))


def as_document(system: System, kinds: list[type[Subject]]) -> dict[str, object]:
    """The subjects by their type; each one stands under its own type alone."""
    document: dict[str, object] = {}
    for kind in kinds:
        subjects = [one for one in system.select(kind) if type(one) is kind]
        if subjects:
            document[kind.__name__] = [
                {field.name: as_json(getattr(one, field.name)) for field in dataclasses.fields(one)} for one in subjects
            ]
    return document


def as_json(value: Any) -> Any:
    """A value as JSON: spans as ``path:line:column``, UNKNOWN as ``{"unknown": reason}``, other subjects by name."""
    if isinstance(value, Span):
        return str(value)
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if isinstance(value, Subject):
        return value.name
    if isinstance(value, msgspec.Struct):
        return as_fields(value)
    if isinstance(value, tuple | list | frozenset):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {str(key): as_json(one) for key, one in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def as_fields(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields by name, those that it keeps encoded as what they say."""
    names = [name.removeprefix("encoded_") for name in struct.__struct_fields__]
    return {name: as_json(getattr(struct, name)) for name in names}


def encoded(value: object) -> str:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
