from __future__ import annotations

import pytest
from reading import place, source

from archlint.core.facts import Gap
from archlint.core.facts.documents import ConfigValue
from archlint.readers import configuration, dotenv

Found = list[tuple[str, object, tuple[int, int, int, int]]]


def read(path: str, text: str) -> Found:
    facts = (dotenv if ".env" in path else configuration).read(source(path, text))
    return [(fact.key, fact.value, place(fact.at)) for fact in facts if isinstance(fact, ConfigValue)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.yaml", "db:\n  hosts: [x, 2]\n", [("db.hosts.0", "x", (2, 11, 2, 12)), ("db.hosts.1", 2, (2, 14, 2, 15))]),
        ("a.json", '{ // note\n "url": "http://x"}', [("url", "http://x", (2, 9, 2, 19))]),
        (
            "a.toml",
            "[db]\nhost = 'x' # y\n[[s]]\nn = 1\n",
            [("db.host", "x", (2, 8, 2, 11)), ("s.0.n", 1, (4, 5, 4, 6))],
        ),
        (
            "a.ini",
            "[db]\nurl = a://b ; c\nlist =\n  x\n  y\n",
            [("db.url", "a://b", (2, 7, 2, 12)), ("db.list", "x\ny", (3, 1, 5, 4))],
        ),
        ("a.properties", "# x\na.b=c\nd e\n", [("a.b", "c", (2, 5, 2, 6)), ("d", "e", (3, 3, 3, 4))]),
        ("redis.conf", "port 6379 # x\n", [("port", "6379", (1, 6, 1, 10))]),
        ("n.conf", "http {\n  server { listen 80; }\n}\n", [("http.server.listen", "80", (2, 19, 2, 21))]),
        ("Procfile", "web: gunicorn app\n", [("web", "gunicorn app", (1, 6, 1, 18))]),
        ("k.pem", "-----BEGIN PRIVATE KEY-----\n", [("private_key", "-----BEGIN PRIVATE KEY-----", (1, 1, 1, 28))]),
        (
            ".env",
            'export A="x # y" # z\nB=\nC\nD=1 # e\n',
            [
                ("A", "x # y", (1, 10, 1, 17)),
                ("B", "", (2, 1, 2, 2)),
                ("C", None, (3, 1, 3, 2)),
                ("D", "1", (4, 3, 4, 4)),
            ],
        ),
        (".env", "A='x\ny'\nB=\"open\n", [("A", "x\ny", (1, 3, 2, 3)), ("B", '"open', (3, 3, 3, 8))]),
    ],
)
def test_every_format_gives_dotted_keys_and_the_places_of_values(path: str, text: str, expected: Found) -> None:
    assert read(path, text) == expected


def test_a_broken_value_costs_only_its_line() -> None:
    facts = list(configuration.read(source("a.toml", "a = oops\nb = 1\n")))
    assert [type(fact) for fact in facts] == [ConfigValue, Gap]
    assert facts[1].at.line == 1


@pytest.mark.parametrize("text", ["a = b" + " " * 200_000 + "c", "A='" * 100_000, "a {" * 10_000, "\\" * 100_000])
@pytest.mark.parametrize("path", ["a.ini", "a.properties", "a.conf", ".env", "a.toml"])
def test_hostile_text_takes_linear_time(path: str, text: str) -> None:
    read(path, text)
