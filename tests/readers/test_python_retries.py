"""The Python reader: loops that retry, told by their shape, with what ends them and how they wait."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.facts.python import Literal, Parameter, PythonModule, PythonRetryLoop
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span
from archlint.core.values import is_unknown
from archlint.readers.python import read

PATH = "shop/orders/app.py"


def retries_of(text: str) -> tuple[PythonRetryLoop, ...]:
    (module,) = read(SourceFile(PATH, Kind.PYTHON, textwrap.dedent(text).encode(), ""))
    assert isinstance(module, PythonModule)
    return module.retries


def test_a_retry_has_its_places_its_errors_and_its_rounds() -> None:
    (retry,) = retries_of("""\
    import time

    import requests


    def rates(tries):
        for attempt in range(tries):
            try:
                answer = requests.get("https://a.example/")
                return answer.json()
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(2**attempt)
    """)
    assert retry.at == Span(PATH, 7, 5, 7, 32)
    assert retry.tried == Span(PATH, 9, 13, 10, 33)
    assert retry.catches == ("requests.ConnectionError", "requests.Timeout")
    assert (retry.limit, retry.rounds) == ("attempts", Parameter(0, "tries"))
    assert (retry.function, retry.wait, retry.jitter) == (0, "growing", False)


@pytest.mark.parametrize(
    ("head", "end", "expected"),
    [
        ("for _ in range(5):", "pass", "attempts"),
        ("for delay in (1, 2, 4):", "sleep(delay)", "attempts"),
        ("for delay in backoff():", "sleep(delay)", "unknown"),
        ("while True:", "pass", "none"),
        ("while True:", "if error.errno != 5: raise", "none"),
        ("while True:", "if stop(): raise", "unknown"),
        ("while True:", "count += 1\n            if count > 3: raise", "attempts"),
        ("while True:", "if time.time() > end: raise", "time"),
        ("while count < 3:", "count += 1", "attempts"),
        ("while time.monotonic() < end:", "pass", "time"),
        ("while running():", "pass", "unknown"),
    ],
)
def test_a_retry_ends_by_attempts_by_time_or_not_at_all(head: str, end: str, expected: str) -> None:
    text = (
        f"def f(count, end):\n    {head}\n        try:\n            return work()\n"
        f"        except OSError as error:\n            {end}\n"
    )
    assert [one.limit for one in retries_of(text)] == [expected]


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        ("pass", ("none", False)),
        ("time.sleep(1)", ("constant", False)),
        ("time.sleep(PAUSE)", ("constant", False)),
        ("time.sleep(2 ** attempt)", ("growing", False)),
        ("time.sleep(min(9, 2 ** attempt) + random.random())", ("growing", True)),
        ("time.sleep(random.uniform(1, 2))", ("random", True)),
        ("await asyncio.sleep(delay); delay *= 2", ("growing", False)),
        ("time.sleep(delay); delay = delay * 2 + random.random()", ("growing", True)),
        ("event.wait(3)", ("constant", False)),
        ("time.sleep(next_pause(attempt))", ("unknown", "?")),
        ("time.sleep(DELAYS[attempt])", ("growing", False)),
        ("backoff(attempt)", ("unknown", "?")),
    ],
)
def test_a_retry_waits_as_its_pause_says(pause: str, expected: tuple[str, object]) -> None:
    text = (
        "async def f(delay, event):\n    for attempt in range(5):\n        try:\n            return work()\n"
        f"        except OSError:\n            {pause}\n"
    )
    (retry,) = retries_of(text)
    assert (retry.wait, "?" if is_unknown(retry.jitter) else retry.jitter) == expected


def test_a_flag_or_a_good_status_leaves_the_loop_too() -> None:
    found = retries_of("""\
    def flag():
        done = False
        while not done:
            try:
                work()
                done = True
            except OSError:
                pass


    def status():
        for _ in range(3):
            answer = get("/")
            if answer.status_code == 200:
                break


    def behind():
        for _ in range(2):
            try:
                result = work()
            except OSError:
                continue
            return result
    """)
    assert [(one.at.line, one.limit, one.rounds) for one in found] == [
        (3, "none", None),
        (12, "attempts", Literal(3)),
        (19, "attempts", Literal(2)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "for url in urls:\n    try:\n        get(url)\n        break\n    except OSError:\n        pass\n",
        "for port in range(9):\n    try:\n        bind(port)\n        break\n    except OSError:\n        pass\n",
        "while True:\n    try:\n        job = jobs.get()\n        work(job)\n    except OSError:\n        pass\n",
        "while True:\n    try:\n        if read():\n            break\n    except OSError:\n        pass\n",
        "while True:\n    if job().state == 'done':\n        break\n",
        "for _ in range(3):\n    try:\n        work()\n        break\n    except OSError:\n        raise\n",
        "for one in ('a', 'b'):\n    try:\n        work()\n        break\n    except OSError:\n        pass\n",
    ],
)
def test_loops_over_data_workers_and_polls_are_no_retries(text: str) -> None:
    assert retries_of(text) == ()


def test_a_handler_that_changes_what_is_tried_leaves_the_wait_open() -> None:
    (retry,) = retries_of("""\
    def ask(prompt):
        for _ in range(3):
            try:
                return model(prompt)
            except ValueError as error:
                prompt = f"{prompt} ({error})"
    """)
    assert (retry.limit, retry.wait) == ("attempts", "unknown")
