"""A SQL script in, the passwords that it gives to database users out, as one value a user.

Read are ``CREATE`` and ``ALTER USER``, ``ROLE`` and ``LOGIN``, ``GRANT … IDENTIFIED BY`` and ``SET PASSWORD``, in the
words of MySQL, PostgreSQL, SQL Server and Oracle. Everything else (tables, data) says nothing about configuration here;
comments are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ConfigValue
from archlint.core.source import SourceFile
from archlint.readers.positions import Positions
from archlint.readers.yaml import encoding_gap

_COMMENT = re.compile(r"'(?:[^'\\]|''|\\.)*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NOT_BREAK = re.compile(r"[^\n]")
_STATEMENT = re.compile(
    r"\b(?:(?:CREATE|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:USER|ROLE|LOGIN)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
    r"|SET\s+PASSWORD\s+FOR\s+|GRANT\s[^;']{1,500}?\sTO\s+)"
    r"(?P<user>'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`|\[[^\]\n]*\]|[\w.$-]+)"
    r"(?P<rest>(?:[^;']|'(?:[^'\\]|''|\\.)*'){0,2000})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"(?:\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?(?:BY|AS)\s+(?:PASSWORD\s+)?|\bPASSWORD\s*=?\s*\(?\s*|^\s*(?:@\S+\s*)?=\s*)"
    r"N?'(?P<value>(?:[^'\\]|''|\\.)*)'",
    re.IGNORECASE,
)


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The passwords in the file, ``USER.password`` being their keys."""
    upper = file.data.upper()
    if b"PASSWORD" not in upper and b"IDENTIFIED" not in upper:
        return
    try:
        text = file.text
    except UnicodeError as error:
        yield encoding_gap(file.path, error)
        return
    text = _COMMENT.sub(lambda match: match[0] if match[0][0] == "'" else _NOT_BREAK.sub(" ", match[0]), text)
    positions = Positions(file.path, text)
    for statement in _STATEMENT.finditer(text):
        start = statement.start("rest")
        password = _PASSWORD.search(statement["rest"])
        if password is not None:
            at = positions.span(start + password.start("value"), start + password.end("value"))
            user = statement["user"].strip("'\"`[]")
            yield ConfigValue(at, f"{user}.password", password["value"].replace("''", "'"), "sql")
