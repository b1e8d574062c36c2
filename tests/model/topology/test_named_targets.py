"""Targets that two signs tell: the only service with that route, and the name of the address's variable."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import HttpCall
from archlint.model.code.calls.named_targets import name_targets

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


def test_of_two_services_that_serve_a_route_the_name_tells_which() -> None:
    assert targets_of("os.environ['USERS_URL'] + f'/users/{number}'", people=USERS) == [("users-api", "service")]


def test_the_caller_may_serve_the_same_path_itself() -> None:
    own = f"{USERS}\nimport os\nimport requests\n\nrequests.get(os.environ['USERS_URL'] + '/users/1')\n"
    assert ("users-api", "service") in targets_of("os.environ['USERS_URL'] + f'/users/{number}'", portal=own)


def test_two_services_that_the_name_fits_tell_nothing() -> None:
    others = {"users-web": USERS}
    assert [kind for _, kind in targets_of("os.environ['USERS_URL'] + f'/users/{number}'", **others)] == ["unknown"]


@pytest.mark.parametrize(
    ("handed", "kind"),
    [
        ("os.environ['USERS_API_URL'], f'/users/{number}'", "service"),
        ("settings.users_url, f'/users/{number}'", "service"),
        ("os.environ['SOMEWHERE'], f'/users/{users_id}'", "unknown"),
    ],
)
def test_a_helper_is_handed_the_address(handed: str, kind: str) -> None:
    helper = f"""\
import os
import requests
from settings import settings


def send(base_url, path):
    return requests.get(f"{{base_url}}{{path}}")


def ask(number, users_id):
    return send({handed})
"""
    draft = system_of({"shop/app.py": helper, "users-api/app.py": USERS})
    name_targets(draft)
    assert [one.target_kind for one in draft.select(HttpCall)] == [kind]
