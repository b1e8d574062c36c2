"""The line of the code that says whom a call asks."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.calls import Dependency, Transport

DICT = """\
import httpx

SERVICES = {
    "stock": "http://stock:8000",
    "mails": "http://mails:8000",
}


def ask(name, path):
    return httpx.get(f"{SERVICES[name]}/{path}")
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"shop/app.py": DICT}, [("shop/app.py", 5), ("shop/app.py", 4)]),
        (
            {
                "shop/settings.py": DICT.partition("\n\n\ndef")[0],
                "shop/app.py": "import httpx\nfrom settings import SERVICES\n\n\ndef ask(name, path):\n"
                "    return httpx.get(f'{SERVICES[name]}/{path}')\n",
            },
            [("shop/settings.py", 5), ("shop/settings.py", 4)],
        ),
        (
            {"shop/app.py": "import httpx\nMAILS = 'http://mails:8000'\nhttpx.get(MAILS + '/x')\n"},
            [("shop/app.py", 2)],
        ),
        ({"shop/app.py": "import httpx\n\nhttpx.get('http://mails:8000/x')\n"}, [("shop/app.py", 3)]),
        (
            {
                "shop/app.py": "import httpx\n\ndef mail(number):\n    httpx.get(f'http://mails:8000/{number}')\n\n"
                "def send(number):\n    mail(number)\n"
            },
            [("shop/app.py", 4)],
        ),
        (
            {
                "shop/app.py": "import httpx\n\ndef ask(base, path):\n    httpx.get(f'{base}/{path}')\n\n"
                "def send():\n    ask('http://mails:8000', 'x')\n"
            },
            [("shop/app.py", 7)],
        ),
        (
            {
                "shop/app.py": "import httpx\nfrom urllib.parse import urljoin\n\ndef ask(method, base, path):\n"
                "    httpx.request(method=method, url=urljoin(base.rstrip('/'), path))\n\n"
                "class Mails:\n    def send(self, number):\n        ask('POST', 'http://mails:8000', f'/{number}')\n\n"
                "def placed(number):\n    Mails().send(number)\n"
            },
            [("shop/app.py", 9)],
        ),
    ],
)
def test_an_entry_of_a_dict_an_assignment_or_the_call_gives_the_target(
    files: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    draft = system_of({**files, "stock/app.py": "", "mails/app.py": ""})
    found = sorted(draft.select(Dependency), key=lambda one: one.target)
    assert [(one.at.path, one.at.line) for one in found] == expected
    assert sorted(one.at for one in draft.select(Transport)) == sorted(one.at for one in found)
