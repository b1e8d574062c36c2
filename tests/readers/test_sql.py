"""SQL scripts: the passwords that they give to database users."""

from __future__ import annotations

import pytest
from reading import place, source

from archlint.core.facts.documents import ConfigValue
from archlint.core.source import Kind
from archlint.readers import sql


def passwords(text: str) -> list[tuple[str, object]]:
    return [
        (one.key, one.value)
        for one in sql.read(source("init.sql", text, Kind.SQL))
        if isinstance(one, ConfigValue) and one.format == "sql"
    ]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE USER 'auth'@'localhost' IDENTIFIED BY 'Auth123';", ("auth.password", "Auth123")),
        ("create user if not exists auth identified with mysql_native_password by 'x1';", ("auth.password", "x1")),
        ("ALTER ROLE app WITH LOGIN\n  ENCRYPTED PASSWORD 'it''s-deep';", ("app.password", "it's-deep")),
        ("CREATE LOGIN [sales] WITH PASSWORD = N'Pass@word1';", ("sales.password", "Pass@word1")),
        ("GRANT ALL ON db.* TO 'shop'@'%' IDENTIFIED BY 'Robo';", ("shop.password", "Robo")),
        ("SET PASSWORD FOR 'root'@'localhost' = PASSWORD('Hunter22');", ("root.password", "Hunter22")),
    ],
)
def test_a_statement_that_sets_a_password_gives_it_under_the_user(statement: str, expected: tuple[str, str]) -> None:
    assert passwords(statement) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "-- CREATE USER a IDENTIFIED BY 'x';",
        "/* CREATE USER a\nIDENTIFIED BY 'x'; */",
        "CREATE USER a WITH PASSWORD :'given';",
        "CREATE USER a; CREATE TABLE t (password text DEFAULT 'x');",
        "INSERT INTO users (password) VALUES ('x');",
    ],
)
def test_comments_variables_and_data_set_no_password(text: str) -> None:
    assert passwords(text) == []


def test_the_place_is_that_of_the_password_whatever_comments_stand_before_it() -> None:
    (found,) = sql.read(source("init.sql", "-- it's\nCREATE USER a\n  IDENTIFIED BY 'abc';\n", Kind.SQL))
    assert place(found.at) == (3, 18, 3, 21)
