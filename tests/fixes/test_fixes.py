"""Edits of calls: exactly what is meant changes, and what is not sure is left alone."""

from __future__ import annotations

import pytest

from archlint.core.finding import Edit, Finding
from archlint.core.rule import Severity
from archlint.core.span import Span
from archlint.fixes import apply, with_replacements

TIMEOUT = (("timeout", "10"),)


def finding(edit: Edit) -> Finding:
    return Finding("rule", "resilience", Severity.ERROR, "m", edit.at, (), "s", f"f{edit.at}", edit=edit)


def fixed(source: str | bytes, *edits: Edit) -> str | bytes | None:
    """The source after the edits, None where nothing changes."""
    data = source.encode() if isinstance(source, str) else source
    done = apply(with_replacements(map(finding, edits), {"a.py": data}), {"a.py": data})
    if "a.py" not in done:
        return None
    return done["a.py"].data.decode() if isinstance(source, str) else done["a.py"].data


def on(line: int, column: int = 1, *, end: int | None = None, **changes: object) -> Edit:
    return Edit(Span("a.py", line, column, line, end or column), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("get(url)\n", "get(url, timeout=10)\n"),
        ("get()\n", "get(timeout=10)\n"),
        ("get( url )\n", "get( url, timeout=10 )\n"),
        ("get(url,)\n", "get(url, timeout=10,)\n"),
        ("get(url, timeout=None)\n", "get(url, timeout=10)\n"),
        ("get(url, timeout = None, verify=ca)  # why\n", "get(url, timeout = 10, verify=ca)  # why\n"),
        ("get(\n    url,\n)\n", "get(\n    url,\n    timeout=10,\n)\n"),
        ("get(\n    url\n)\n", "get(\n    url,\n    timeout=10\n)\n"),
        (
            "get(\n    url,  # where\n    b=1,  # what\n)\n",
            "get(\n    url,  # where\n    b=1,  # what\n    timeout=10,\n)\n",
        ),
        ("get(\n    url  # where\n)\n", "get(\n    url,  # where\n    timeout=10\n)\n"),
        ("get(url,\n    b=1)\n", "get(url,\n    b=1, timeout=10)\n"),
        ("get(url,\n    b=1\n)\n", "get(url,\n    b=1, timeout=10\n)\n"),
        ("get(\r\n  url,\r\n)\r\n", "get(\r\n  url,\r\n  timeout=10,\r\n)\r\n"),
        ("get('é', \"ü\")\n", "get('é', \"ü\", timeout=10)\n"),
        ("get(lambda: (1, 2))\n", "get(lambda: (1, 2), timeout=10)\n"),
    ],
)
def test_an_argument_is_set_in_the_style_of_the_call(before: str, after: str) -> None:
    assert fixed(before, on(1, set_arguments=TIMEOUT)) == after


@pytest.mark.parametrize(
    "source",
    [
        "get(*arguments)\n",
        "get(url, **options)\n",
        "get(one, two, three)\n",
        "get(one for one in many)\n",
        "get\n",
        "'get(url)'\n",
        "get(url, timeout=10)\n",
    ],
)
def test_what_is_not_sure_is_left_alone(source: str) -> None:
    assert fixed(source, on(1, set_arguments=TIMEOUT)) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("get(url, verify=False)\n", "get(url)\n"),
        ("get(verify=False)\n", "get()\n"),
        ("get(verify=False, b=1)\n", "get(b=1)\n"),
        ("get(url, verify=False, b=1)\n", "get(url, b=1)\n"),
        ("get(\n    url,\n    verify=False,\n)\n", "get(\n    url,\n)\n"),
        ("get(\n    url,\n    verify=False\n)\n", "get(\n    url\n)\n"),
        ("get(\n    url,\n    verify=False,\n    b=1,\n)\n", "get(\n    url,\n    b=1,\n)\n"),
        ("get(url, verify=False, **options)\n", "get(url, **options)\n"),
    ],
)
def test_an_argument_is_removed_with_its_comma(before: str, after: str) -> None:
    assert fixed(before, on(1, remove_arguments=("verify",))) == after


def test_the_smallest_call_around_the_place_is_meant() -> None:
    source = "outer(inner(url, verify=False), other(verify=False))\n"
    assert fixed(source, on(1, 18, end=30, remove_arguments=("verify",))) == "outer(inner(url), other(verify=False))\n"


def test_calls_within_calls_and_on_one_line_are_all_mended() -> None:
    source = "a = get(get(url).text); b = get(url)\n"
    edits = [on(1, 5, end=23, set_arguments=TIMEOUT), on(1, 9, end=17, set_arguments=TIMEOUT)]
    edits.append(on(1, 29, end=37, set_arguments=TIMEOUT))
    assert fixed(source, *edits) == "a = get(get(url, timeout=10).text, timeout=10); b = get(url, timeout=10)\n"


def test_two_findings_in_one_place_are_fixed_one_at_a_time() -> None:
    data = b"get(url)\n"
    ones = [finding(on(1, set_arguments=TIMEOUT)), finding(on(1, set_arguments=(("verify", "True"),)))]
    done = apply(with_replacements(ones, {"a.py": data}), {"a.py": data})
    assert done["a.py"].data == b"get(url, timeout=10)\n"
    assert len(done["a.py"].findings) == 1


WAIT = (("wait", "tenacity.wait_random_exponential(max=10)"),)


@pytest.mark.parametrize(
    ("head", "new_head", "name"),
    [
        ("import tenacity\n", "import tenacity\n", "tenacity.wait_random_exponential"),
        ("import tenacity as t\n", "import tenacity as t\n", "t.wait_random_exponential"),
        (
            "from tenacity import retry\n",
            "from tenacity import retry, wait_random_exponential\n",
            "wait_random_exponential",
        ),
        (
            "from tenacity import (\n    retry,\n)\n",
            "from tenacity import (\n    retry, wait_random_exponential,\n)\n",
            "wait_random_exponential",
        ),
        (
            "from tenacity import retry, wait_random_exponential as growing\n",
            "from tenacity import retry, wait_random_exponential as growing\n",
            "growing",
        ),
    ],
)
def test_a_qualified_name_is_written_as_the_module_imports_it(head: str, new_head: str, name: str) -> None:
    line = head.count("\n") + 1
    assert (
        fixed(f"{head}retry(stop=3)\n", on(line, set_arguments=WAIT))
        == f"{new_head}retry(stop=3, wait={name}(max=10))\n"
    )


@pytest.mark.parametrize(
    "head",
    ["from tenacity import *\n", "import other\n", "from tenacity import retry\nwait_random_exponential = None\n"],
)
def test_a_name_that_cannot_be_imported_for_sure_is_not_used(head: str) -> None:
    assert fixed(f"{head}retry(stop=3)\n", on(head.count("\n") + 1, set_arguments=WAIT)) is None


def test_one_import_serves_two_fixes() -> None:
    source = "from tenacity import retry\nretry(a=1)\nretry(b=2)\n"
    assert fixed(source, on(2, set_arguments=WAIT), on(3, set_arguments=WAIT)) == (
        "from tenacity import retry, wait_random_exponential\n"
        "retry(a=1, wait=wait_random_exponential(max=10))\n"
        "retry(b=2, wait=wait_random_exponential(max=10))\n"
    )


def test_encoding_and_byte_order_mark_stay() -> None:
    latin = "# coding: latin-1\nget('é')\n".encode("latin-1")
    assert fixed(latin, on(2, set_arguments=TIMEOUT)) == "# coding: latin-1\nget('é', timeout=10)\n".encode("latin-1")
    marked = b"\xef\xbb\xbfget('\xc3\xa9')\n"
    assert fixed(marked, on(1, set_arguments=TIMEOUT)) == b"\xef\xbb\xbfget('\xc3\xa9', timeout=10)\n"


def test_a_suppressed_finding_and_a_file_that_does_not_parse_are_not_fixed() -> None:
    from archlint.core.finding import Suppressed

    edit = on(1, set_arguments=TIMEOUT)
    assert fixed("get(url\n", edit) is None
    suppressed = Finding(
        "rule", "c", Severity.ERROR, "m", edit.at, (), "s", "f", suppressed_by=Suppressed("comment", ""), edit=edit
    )
    assert with_replacements([suppressed], {"a.py": b"get(url)\n"}) == (suppressed,)


def test_an_argument_by_position_is_replaced_where_it_is_plain_to_see() -> None:
    changes = {"set_arguments": (("0", "backoff.expo"),), "remove_arguments": ("interval",), "calls": ("on_exception",)}
    source = "import backoff\nbackoff.on_exception(backoff.constant, Error, interval=2)\n"
    assert fixed(source, on(2, **changes)) == "import backoff\nbackoff.on_exception(backoff.expo, Error)\n"
    assert fixed("import backoff\nbackoff.on_exception(*arguments, interval=2)\n", on(2, **changes)) is None
    assert fixed("import backoff\nbackoff.on_exception()\n", on(2, **changes)) is None


@pytest.mark.parametrize(
    ("now", "after"),
    [
        ("wait_exponential(max=t.limit)", "wait_exponential(max=t.limit) + tenacity.wait_random(0, 1)"),
        ("a if b else c", "(a if b else c) + tenacity.wait_random(0, 1)"),
        ("(a or b)", "(a or b) + tenacity.wait_random(0, 1)"),
    ],
)
def test_a_value_may_be_built_on_what_the_argument_is_now(now: str, after: str) -> None:
    edit = on(2, set_arguments=(("wait", "{argument} + tenacity.wait_random(0, 1)"),))
    assert fixed(f"import tenacity\nretry(wait={now})\n", edit) == f"import tenacity\nretry(wait={after})\n"
    assert fixed("import tenacity\nretry()\n", edit) is None


def test_only_a_call_of_the_named_function_is_meant() -> None:
    source = "mount('https://', HTTPAdapter(max_retries=Retry(total=3)))\n"
    inner = source.index("Retry(") + 1
    assert fixed(source, on(1, inner, set_arguments=(("backoff_factor", "0.5"),), calls=("Retry",))) == (
        "mount('https://', HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.5)))\n"
    )
    assert fixed(source, on(1, set_arguments=(("backoff_factor", "0.5"),), calls=("Retry",))) is None


ACKNOWLEDGE = "{0}.basic_ack(delivery_tag={1}.delivery_tag)"


def acknowledging(handler: str) -> str | bytes | None:
    """A consumer after its handler was made to acknowledge, None where that is not done."""
    line = next(number for number, text in enumerate(handler.split("\n"), start=1) if "def " in text)
    at = Span("a.py", line, 1, line, 2)
    source = f"{handler}consume(handle, auto_ack=True)\n"
    edit = on(source.count("\n"), set_arguments=(("auto_ack", "False"),), statement=ACKNOWLEDGE, append_to=at)
    return fixed(source, edit)


@pytest.mark.parametrize(
    ("handler", "appended"),
    [
        (
            "def handle(ch, method, properties, body):\n    work(body)\n",
            "    ch.basic_ack(delivery_tag=method.delivery_tag)\n",
        ),
        (
            "class A:\n  def handle(self, c, m, p, b):\n    work(b)  # all\n",
            "    c.basic_ack(delivery_tag=m.delivery_tag)\n",
        ),
        (
            "@traced\ndef handle(ch, method, properties, body):\n\ttry:\n\t\twork(body)\n\texcept Error:\n\t\tlog()\n",
            "\tch.basic_ack(delivery_tag=method.delivery_tag)\n",
        ),
        ("def handle(ch, method, properties, body):\n    ch.basic_ack(1)\n    work(body)\n", ""),
    ],
)
def test_a_statement_is_put_at_the_end_of_a_function(handler: str, appended: str) -> None:
    assert acknowledging(handler) == f"{handler}{appended}consume(handle, auto_ack=False)\n"


@pytest.mark.parametrize(
    "handler",
    [
        "def handle(ch, method, properties, body):\n    if not body:\n        return\n    work(body)\n",
        "def handle(ch, method, properties, body):\n    while True:\n        work(body)\n",
        "def handle(ch, method, properties, body):\n    raise Error\n",
        "def handle(ch, method, properties, body): work(body)\n",
        "def handle(*arguments):\n    work(arguments)\n",
        "async def handle(ch, method, properties, body):\n    work(body)\n",
    ],
)
def test_nothing_is_changed_where_a_function_may_end_elsewhere(handler: str) -> None:
    assert acknowledging(handler) is None
