"""Take secrets out of what ``facts`` and ``model`` print: values that rules would report, and passwords in URLs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system import System
from archlint.core.system.security import SecretExposure
from archlint.core.system.workloads import EnvironmentVariable
from archlint.inputs import Workspace

MASK = "***"
SHORTEST = 4
"""Shorter texts are not looked for: they would be found everywhere."""

_QUOTED = pattern(r"([\"'])((?:\\.|(?!\1).)+)\1")
_KEY = pattern(r"^\s*(?:-\s+)?(?:(?:ENV|ARG|export)\s+)?[\w.()\[\]-]+\s*[:=]\s*(?!//)")
_USERINFO = pattern(r"(://[^\s:/@\"'\\]*:)[^\s/@\"'\\]+@")


def without_secrets(text: str, system: System, workspace: Workspace) -> str:
    """The output with the system's secrets masked."""
    paths = {exposure.at.path for exposure in system.select(SecretExposure)}
    return redacted(text, system, workspace.texts(sorted(paths)))


def redacted(text: str, system: System, sources: Mapping[str, str]) -> str:
    """The JSON text with every secret of the system masked. ``sources`` are the texts of the files that hold them."""
    exposed = [exposure.at for exposure in system.select(SecretExposure)]
    found = {value for at in exposed for value in _values(at, sources.get(at.path, ""))}
    found |= {
        variable.value
        for variable in system.select(EnvironmentVariable)
        if variable.source == "secret" and isinstance(variable.value, str)
    }
    for value in sorted(
        (_escaped(value) for value in found if len(value) >= SHORTEST), key=lambda one: (-len(one), one)
    ):
        text = text.replace(value, MASK)
    return _USERINFO.sub(rf"\1{MASK}@", text)


def _values(at: Span, source: str) -> Iterable[str]:
    """What may be the secret in the text of a span, and what it decodes to."""
    lines = source.split("\n")[at.line - 1 : at.end_line]
    if not lines:
        return
    lines[-1] = lines[-1][: at.end_column - 1] if at.end_line == at.line else lines[-1]
    lines[0] = lines[0][at.column - 1 :]
    for line in lines:
        quoted = [match.group(2) for match in _QUOTED.finditer(line)]
        for value in (*quoted, *([] if quoted else [_KEY.sub("", line).strip()])):
            yield value
            try:
                yield base64.b64decode(value, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError, ValueError):
                continue


def _escaped(value: str) -> str:
    """The value as it stands inside a JSON string."""
    return value.replace("\\", "\\\\").replace('"', '\\"')
