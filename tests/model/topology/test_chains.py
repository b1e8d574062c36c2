"""Chains and budgets: along the routes that answer, waiting calls only, and nothing that is not known."""

from __future__ import annotations

import pytest
from topology_systems import system_of

from archlint.core.system.base import link
from archlint.core.system.calls import CallChain, RemoteCall, TimeoutBudget
from archlint.core.system.services import CallCycle
from archlint.core.values import UNKNOWN, Setting
from archlint.model.derived import add_derived
from archlint.model.topology.budgets import longest_wait, shortest_bound

FLASK = "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n"


def asks(path: str, target: str, timeout: str = "1") -> str:
    """A service that serves a path and asks another one for it."""
    return (
        f"{FLASK}\n@app.get('{path}')\ndef answer():\n    return requests.get('{target}', timeout={timeout}).json()\n"
    )


def chains_of(files: dict[str, str]) -> list[tuple[str, ...]]:
    return [one.services for one in system_of(files).select(CallChain)]


def test_a_chain_follows_the_routes_that_answer() -> None:
    files = {
        "a/app.py": asks("/a", "http://b/b"),
        "b/app.py": asks("/b", "http://c/c"),
        "c/app.py": asks("/c", "http://d/d"),
        "d/app.py": f"{FLASK}\n@app.get('/d')\ndef answer():\n    return 'd'\n",
    }
    (chain,) = system_of(files).select(CallChain)
    assert (chain.services, chain.hops) == (("a", "b", "c", "d"), 3)
    assert (chain.at.path, chain.at.line) == ("a/app.py", 9)
    assert [(one.at.path, one.at.line) for one in chain.related] == [("b/app.py", 9), ("c/app.py", 9)]


def test_a_call_in_a_route_that_nobody_of_the_chain_asks_for_is_no_part_of_it() -> None:
    files = {"a/app.py": asks("/a", "http://b/other"), "b/app.py": asks("/b", "http://c/c"), "c/app.py": ""}
    assert chains_of(files) == []


def test_where_the_path_is_not_known_every_route_must_go_on() -> None:
    caller = (
        f"{FLASK}\n@app.get('/a')\ndef answer():\n    return requests.get('http://b/' + load(), timeout=1).json()\n"
    )
    both = asks("/b", "http://c/c")
    assert chains_of({"a/app.py": caller, "b/app.py": both, "c/app.py": ""}) == [("a", "b", "c")]
    one = both + "\n\n@app.get('/plain')\ndef plain():\n    return 'b'\n"
    assert chains_of({"a/app.py": caller, "b/app.py": one, "c/app.py": ""}) == []


@pytest.mark.parametrize("start", ["Thread(target=report).start()", "pool.submit(report)", "tasks.add_task(report)"])
def test_what_a_handler_only_starts_is_not_waited_for(start: str) -> None:
    callee = f"""{FLASK}
def report():
    requests.get('http://c/c', timeout=1)


@app.get('/b')
def answer():
    {start}
    return 'b'
"""
    assert chains_of({"a/app.py": asks("/a", "http://b/b"), "b/app.py": callee, "c/app.py": ""}) == []


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("return ask()", [("a", "b", "c")]),
        ("return run_in_threadpool(ask)", [("a", "b", "c")]),
        ("Thread(target=ask).start()", []),
        ("return 'b'", []),
    ],
)
def test_a_function_inside_a_handler_runs_where_it_is_called(use: str, expected: list[tuple[str, ...]]) -> None:
    callee = f"""{FLASK}
@app.get('/b')
def answer():
    def ask():
        return requests.get('http://c/c', timeout=1).json()

    {use}
"""
    assert chains_of({"a/app.py": asks("/a", "http://b/b"), "b/app.py": callee, "c/app.py": ""}) == expected


def test_a_path_that_a_gateway_hands_on_may_be_any_route_below() -> None:
    gateway = f"""{FLASK}
from flask import request


@app.route('/b/<path:path>')
def forward(path):
    return requests.request(request.method, f'http://b/b/{{path}}', timeout=1).json()
"""
    callee = asks("/b/<number>", "http://c/c")
    assert chains_of({"a/app.py": gateway, "b/app.py": callee, "c/app.py": ""}) == [("a", "b", "c")]
    more = callee + "\n\n@app.get('/b/<number>/lines')\ndef lines(number):\n    return 'lines'\n"
    assert chains_of({"a/app.py": gateway, "b/app.py": more, "c/app.py": ""}) == []


def test_a_chain_ends_where_it_comes_back_to_its_caller() -> None:
    files = {"a/app.py": asks("/a", "http://b/b"), "b/app.py": asks("/b", "http://a/a")}
    assert chains_of(files) == []


def budgets_of(outer: str, inner: str, attempts: int | None = 1) -> list[tuple[float, float]]:
    files = {
        "a/app.py": asks("/a", "http://b/b", outer),
        "b/app.py": asks("/b", "http://c/c", inner),
        "c/app.py": "",
    }
    return [(one.waits, one.needs) for one in system_of(files, attempts=attempts).select(TimeoutBudget)]


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("2", "10", [(2.0, 10.0)]),
        ("(1, 2)", "(3, 4)", [(2.0, 4.0)]),
        ("10", "2", [(10.0, 2.0)]),
        ("None", "10", []),
        ("load()", "10", []),
        ("2", "load()", []),
        ("2", "None", []),
    ],
)
def test_a_budget_needs_both_timeouts(outer: str, inner: str, expected: list[tuple[float, float]]) -> None:
    assert budgets_of(outer, inner) == expected


def test_attempts_count_on_both_sides() -> None:
    assert budgets_of("4", "2", attempts=3) == [(12.0, 6.0)]


def test_attempts_that_are_not_known_make_the_callers_wait_unknown_and_the_callees_at_least_one() -> None:
    (call, *_) = system_of({"a/app.py": asks("/a", "http://b/b", "2"), "b/app.py": ""}).select(RemoteCall)
    assert (longest_wait(call), shortest_bound(call)) == (2.0, 2.0)
    link(call, attempts=UNKNOWN)
    assert (longest_wait(call), shortest_bound(call)) == (None, 2.0)


def test_a_retry_inside_a_deadline_does_not_lengthen_it() -> None:
    (call, *_) = system_of({"a/app.py": asks("/a", "http://b/b", "2"), "b/app.py": ""}).select(RemoteCall)
    link(call, attempts=3, retry=Setting("VirtualService", "mesh", call.at))
    assert (longest_wait(call), shortest_bound(call)) == (2.0, 2.0)


def test_a_health_check_is_no_step_of_a_chain_and_no_edge_of_a_cycle() -> None:
    files = {
        "a/app.py": asks("/a", "http://b/b"),
        "b/app.py": asks("/b", "http://c/health"),
        "c/app.py": asks("/health", "http://a/health"),
    }
    draft = system_of(files)
    add_derived(draft)
    assert [one.services for one in draft.select(CallChain)] == []
    assert [one.services for one in draft.select(CallCycle)] == []
