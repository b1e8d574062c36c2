"""Secrets in Python source: keys that sign under any name, and the defaults of settings."""

from __future__ import annotations

import textwrap

import pytest

from archlint.config import Config
from archlint.core.source import Kind, SourceFile
from archlint.core.system.security import SecretExposure
from archlint.model import build
from archlint.readers.python import read


def secrets_of(files: dict[str, str]) -> list[tuple[str, int, str]]:
    facts = []
    for path, text in files.items():
        facts += list(read(SourceFile(path, Kind.PYTHON, textwrap.dedent(text).encode(), path)))
    found = build(facts, Config()).select(SecretExposure)
    return sorted((one.at.path, one.at.line, one.name) for one in found if one.place == "source")


@pytest.mark.parametrize(
    "signing",
    [
        "jwt.encode({}, SIGNED_BY)",
        "jwt.encode({}, key=SIGNED_BY, algorithm='HS256')",
        "jwt.PyJWT().encode({}, SIGNED_BY)",
        "jwt.decode(token, SIGNED_BY, algorithms=['HS256'])",
        "itsdangerous.URLSafeTimedSerializer(SIGNED_BY)",
        "hmac.new(SIGNED_BY, b'', 'sha256')",
    ],
)
def test_a_key_that_signs_is_a_secret_where_it_is_written_whatever_its_name(signing: str) -> None:
    code = (
        f"import hmac\nimport itsdangerous\nimport jwt\nfrom keys import SIGNED_BY\n\ndef sign(token):\n    {signing}\n"
    )
    files = {"keys.py": "SIGNED_BY = 'plain-words-of-ours'\n", "app.py": code}
    assert secrets_of(files) == [("keys.py", 1, "SIGNED_BY")]


def test_a_key_from_outside_is_none() -> None:
    code = """\
        import os
        import jwt

        KEY = os.environ["KEY"]

        def sign(claims, key):
            jwt.encode(claims, KEY)
            jwt.encode(claims, key)
            "text".encode(KEY)
        """
    assert secrets_of({"app.py": code}) == []


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("mail_password: SecretStr = SecretStr('Pa55-mail')", True),
        ("mail_password: str = Field('Pa55-mail')", True),
        ("mail_password: SecretStr = Field(default=SecretStr('Pa55-mail'))", True),
        ("mail_password: str = Field(default='')", False),
        ("mail_subject: str = Field('Pa55-mail')", False),
    ],
)
def test_the_default_of_a_setting_is_what_production_runs_with(field: str, found: bool) -> None:
    code = f"from pydantic import Field, SecretStr\n\nclass Settings:\n    {field}\n"
    assert secrets_of({"app.py": code}) == ([("app.py", 4, "mail_password")] if found else [])


@pytest.mark.parametrize(
    "line",
    [
        "_credentials = 'credentials/'",
        "_token = r'tokens/\\d+/'",
        "NAMES = {'credentials': 'ask_credential_on_launch'}",
        "data = dict(password='$encrypted$')",
        "EXAMPLES = 'postgresql://shop:s3cret@db/shop'",
        "EMPTY_PASSWORD = '\\x00'",
    ],
)
def test_routes_markers_and_documentation_are_no_secrets(line: str) -> None:
    assert secrets_of({"app.py": line}) == []


@pytest.mark.parametrize(
    "line", ["api_token = 'a1b2_c3d4_e5f6'", "SECRET_KEY = 'three_plain_words'", "password = 'to_ken/'"]
)
def test_what_only_looks_a_little_like_a_route_is_one(line: str) -> None:
    assert len(secrets_of({"app.py": line})) == 1
