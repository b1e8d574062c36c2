"""Targets that two signs tell: the only service with that route, and the name of the address's variable."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import HttpCall
from archlint.model.code.named_targets import name_targets

USERS = """\
from flask import Flask

app = Flask(__name__)


@app.get("/users/<int:number>")
def user(number):
    return {}
"""


def targets_of(url: str, **others: str) -> list[tuple[str, str]]:
    caller = (
        f"import os\nimport requests\nfrom settings import settings\n\n\ndef ask(number):\n    requests.get({url})\n"
    )
    files = {"shop/app.py": caller, "users-api/app.py": USERS}
    files |= {f"{name}/app.py": text for name, text in others.items()}
    draft = system_of(files)
    name_targets(draft)
    return [(one.target, one.target_kind) for one in draft.select(HttpCall)]


@pytest.mark.parametrize(
    "url",
    [
        "os.environ['USERS_API_URL'] + f'/users/{number}'",
        "os.getenv('USERS_SERVICE') + f'/users/{number}'",
        "f'{settings.users_url}/users/{number}'",
    ],
)
def test_a_route_and_a_name_tell_the_target(url: str) -> None:
    assert targets_of(url) == [("users-api", "service")]


@pytest.mark.parametrize(
    "url",
    [
        "os.environ['ACCOUNTS_URL'] + f'/users/{number}'",
        "os.environ['USERS_API_URL'] + f'/people/{number}'",
        "'http://users.example.com' + f'/users/{number}'",
    ],
)
def test_one_sign_is_not_enough_and_a_known_address_stays(url: str) -> None:
    assert [kind for _, kind in targets_of(url)] in (["unknown"], ["external"])


def test_a_route_that_two_services_serve_tells_nothing() -> None:
    assert [kind for _, kind in targets_of("os.environ['USERS_URL'] + f'/users/{number}'", people=USERS)] == ["unknown"]
