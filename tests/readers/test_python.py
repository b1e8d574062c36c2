"""The Python reader: names, inlined locals, calls and their places."""

from __future__ import annotations

import textwrap

import msgspec
import pytest

from archlint.core.facts import AnyFact
from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Lambda,
    Literal,
    Look,
    Member,
    Operation,
    Parameter,
    PythonCall,
    PythonModule,
    Reference,
    Result,
    Template,
)
from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span
from archlint.core.values import is_unknown
from archlint.readers.python import read


def module_of(text: str, path: str = "shop/orders/app.py") -> PythonModule:
    source = textwrap.dedent(text).lstrip("\n")
    facts = list(read(SourceFile(path, Kind.PYTHON, source.encode(), "")))
    assert len(facts) == 1
    assert isinstance(facts[0], PythonModule)
    return facts[0]


def call_named(module: PythonModule, name: str) -> PythonCall:
    found = [call for call in module.calls if call.name == name]
    assert len(found) == 1, [call.name for call in module.calls]
    return found[0]


def passed(text: str, name: str = "use") -> object:
    """What the one call of ``use`` gets as its first argument."""
    return call_named(module_of(text), name).arguments[0].value


def span(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span("shop/orders/app.py", line, column, end_line, end_column)


def test_names_are_qualified_through_imports_and_aliases() -> None:
    module = module_of("""
        import requests
        import httpx as hx
        import google.cloud.storage
        from urllib import request as rq
        from .client import fetch
        from .. import settings
        requests.get(1)
        hx.get(1)
        google.cloud.storage.Client()
        rq.urlopen(1)
        fetch(1)
        settings.load()
        print(1)
        own(1)
        def own(x): ...
        def use():
            own(2)
    """)
    assert [call.name for call in module.calls] == [
        "requests.get",
        "httpx.get",
        "google.cloud.storage.Client",
        "urllib.request.urlopen",
        "shop.orders.client.fetch",
        "shop.settings.load",
        "print",
        "own",
        "shop.orders.app.own",
    ]


def test_a_relative_import_in_a_package_starts_at_the_package() -> None:
    module = module_of("from .db import connect\nfrom . import models\n", "shop/orders/__init__.py")
    assert module.name == "shop.orders"
    assert module.is_package
    assert [(one.module, one.name, one.alias, one.level) for one in module.imports] == [
        ("shop.orders.db", "connect", "connect", 1),
        ("shop.orders", "models", "models", 1),
    ]


def test_an_import_in_a_function_holds_there_alone() -> None:
    module = module_of("""
        def one():
            import requests as r
            r.get(1)
        def two():
            r.get(1)
    """)
    assert [call.name for call in module.calls] == ["requests.get", "r.get"]
    assert module.imports[0].function == 0


def test_the_fallback_of_an_import_that_fails_does_not_hide_it() -> None:
    module = module_of("""
        try:
            import ujson as json
        except ImportError:
            import json
        try:
            import redis
        except ImportError:
            redis = None
        json.loads("")
        redis.Redis()
    """)
    assert [call.name for call in module.calls] == ["ujson.loads", "redis.Redis"]


def test_type_checking_imports_are_marked() -> None:
    module = module_of("""
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from httpx import Client
        import os
    """)
    assert [(one.alias, one.typing_only) for one in module.imports] == [
        ("TYPE_CHECKING", False),
        ("Client", True),
        ("os", False),
    ]


def test_spans_count_code_points_from_one() -> None:
    module = module_of("""
        import requests
        x = "é", requests.get("ü", timeout=2)
    """)
    call = call_named(module, "requests.get")
    assert call.at == span(2, 10, 2, 38)
    assert [one.at for one in call.arguments] == [span(2, 23, 2, 26), span(2, 28, 2, 37)]
    assert call.arguments[1].name == "timeout"


def test_a_definition_spans_its_header_up_to_the_colon() -> None:
    module = module_of("""
        class Client(Base, metaclass=Meta):  # a: b
            async def get(
                self,
                path: str = "a:b",  # why: because
            ) -> dict[str, int]:
                return 1
            def none(self): pass
    """)
    assert module.classes[0].at == span(1, 1, 1, 36)
    assert [(one.name, one.at, one.end_line) for one in module.functions] == [
        ("shop.orders.app.Client.get", span(2, 5, 5, 25), 6),
        ("shop.orders.app.Client.none", span(7, 5, 7, 20), 7),
    ]
    assert module.functions[0].is_async
    assert module.functions[0].owner == "shop.orders.app.Client"
    assert module.functions[0].annotation == Item(
        Reference("dict"),
        module.functions[0].annotation.key,  # type: ignore[union-attr]
    )


def test_a_local_variable_stands_for_what_was_last_assigned() -> None:
    assert passed("""
        def f():
            url = "a"
            url = "b"
            use(url)
    """) == Literal("b")


def test_where_branches_meet_a_variable_is_a_choice() -> None:
    assert passed("""
        def f(flag):
            if flag:
                url = "a"
            else:
                url = "b"
            use(url)
    """) == Choice((Literal("a"), Literal("b")))


def test_a_branch_that_leaves_the_function_gives_no_value() -> None:
    assert passed("""
        def f(flag):
            url = "a"
            if flag:
                url = "b"
                return
            use(url)
    """) == Literal("a")


def test_a_default_for_none_is_a_fallback() -> None:
    expected = Choice((Parameter(0, "timeout"), Literal(30)), is_fallback=True)
    assert (
        passed("""
        def f(timeout=None):
            if timeout is None:
                timeout = 30
            use(timeout)
    """)
        == expected
    )
    assert passed("def f(timeout=None):\n    use(timeout or 30)\n") == expected
    assert passed("def f(timeout=None):\n    use(timeout if timeout is not None else 30)\n") == expected
    assert passed("def f(timeout=None):\n    use(30 if timeout is None else timeout)\n") == expected


def test_what_a_loop_reassigns_is_not_its_first_value_alone() -> None:
    value = passed("""
        def f():
            delay = 1
            while True:
                use(delay)
                delay *= 2
    """)
    assert isinstance(value, Choice)
    assert value.options[0] == Literal(1)
    assert is_unknown(value.options[1])


def test_a_value_set_before_a_break_is_known_after_the_loop() -> None:
    value = passed("""
        def f():
            while True:
                try:
                    connection = connect()
                    break
                except OSError:
                    pass
            use(connection)
    """)
    assert value == Result(0)


def test_loop_variables_and_unpacking_keep_where_they_come_from() -> None:
    assert passed("def f(urls):\n    for url in urls:\n        use(url)\n") == Element(Parameter(0, "urls"))
    assert passed("def f():\n    a, b = 1, 2\n    use(b)\n") == Literal(2)
    assert passed("def f(pair):\n    a, b = pair\n    use(b)\n") == Item(Parameter(0, "pair"), Literal(1))


def test_a_context_manager_stands_for_the_call_and_is_a_context() -> None:
    module = module_of("""
        import requests
        def f():
            with requests.Session() as s, lock:
                s.get(1)
    """)
    call = module.calls[1]
    assert call.callee == Member(Result(0), "get")
    assert call.contexts == (Result(0), Reference("lock"))


def test_self_attributes_belong_to_the_class() -> None:
    module = module_of("""
        class Client:
            timeout: int = 3
            def __init__(self, session=None):
                self.session = session
            def fetch(self):
                return self.session.get(self.timeout)
            @classmethod
            def make(cls):
                return cls()
    """)
    assert [(one.target, one.value) for one in module.assignments] == [
        (Reference("shop.orders.app.Client.timeout"), Literal(3)),
        (Reference("shop.orders.app.Client.session"), Parameter(0, "session")),
    ]
    assert [call.name for call in module.calls] == ["shop.orders.app.Client.session.get", "shop.orders.app.Client"]
    assert module.calls[0].arguments[0].value == Reference("shop.orders.app.Client.timeout")


def test_items_and_attributes_of_objects_are_assignments_too() -> None:
    module = module_of("""
        app = Flask()
        app.config["URL"] = "http://a"
        def make():
            session = Session()
            session.timeout = 5
    """)
    assert [(one.target, one.value, one.function) for one in module.assignments[1:]] == [
        (Item(Reference("shop.orders.app.app.config"), Literal("URL")), Literal("http://a"), None),
        (Member(Result(1), "timeout"), Literal(5), 0),
    ]
    assert module.assignments[1].value_at == span(2, 21, 2, 31)


def test_environment_reads_carry_their_default() -> None:
    module = module_of("""
        import os
        from os import environ as env, getenv
        a = os.environ["A"]
        b = env.get("B", "x")
        c = getenv("C") or "y"
        d = os.environ.get("D", None)
        e = os.getenv("E") or os.getenv("F") or "z"
    """)
    values = [one.value for one in module.assignments]
    assert values == [
        EnvironmentRead("A", None, span(3, 5, 3, 20)),
        EnvironmentRead("B", Literal("x"), span(4, 5, 4, 22)),
        EnvironmentRead("C", Literal("y"), span(5, 5, 5, 16)),
        EnvironmentRead("D", None, span(6, 5, 6, 30)),
        EnvironmentRead("E", EnvironmentRead("F", Literal("z"), span(7, 23, 7, 37)), span(7, 5, 7, 19)),
    ]


def test_text_put_together_is_a_template() -> None:
    host = Reference("shop.orders.app.HOST")
    for text in (
        'f"http://{HOST}/x"',
        '"http://" + HOST + "/x"',
        '"http://%s/x" % HOST',
        '"http://{}/x".format(HOST)',
        '"http://{host}/x".format(host=HOST)',
        '"".join(["http://", HOST, "/x"])',
    ):
        value = passed(f"HOST = input()\ndef f():\n    use({text})\n")
        assert value == Template((Literal("http://"), host, Literal("/x"))), text
    assert passed('use("a" "b" + "c")') == Literal("abc")
    assert passed("use(2 * 60)") == Literal(120)


def test_a_long_sum_of_texts_is_read_without_recursion() -> None:
    assert passed("use(" + " + ".join(['"a"'] * 900) + ")") == Literal("a" * 900)


def test_loops_handlers_and_branches_around_a_call_are_known() -> None:
    module = module_of("""
        import requests
        def f(ids):
            for one in ids:
                try:
                    requests.get(one)
                except (ValueError, requests.Timeout) as error:
                    raise RuntimeError from error
                except Exception:
                    if one:
                        log(one)
            return [load(x) for x in ids]
    """)
    get, log, load = (call_named(module, name) for name in ("requests.get", "log", "load"))
    assert get.loop is not None
    assert (get.loop.at, get.loop.kind, get.loop.over) == (span(3, 5, 3, 19), "for", Parameter(0, "ids"))
    assert get.catches == ("ValueError", "requests.Timeout", "Exception")
    assert not get.branch
    assert log.branch
    assert log.catches == ()
    assert load.loop is not None
    assert load.loop.kind == "comprehension"
    assert [(one.exceptions, one.reraises, one.at) for one in module.handlers] == [
        (("ValueError", "requests.Timeout"), True, span(6, 9, 6, 46)),
        (("Exception",), False, span(8, 9, 8, 25)),
    ]
    assert module.functions[0].returns == (Comprehension(Result(module.calls.index(load))),)


def test_an_awaited_call_is_marked_and_its_inner_calls_are_not() -> None:
    module = module_of("async def f():\n    return await post(make())\n")
    assert [(call.name, call.awaited) for call in module.calls] == [("make", False), ("post", True)]


def test_a_nested_function_sees_what_the_outer_one_assigns_later() -> None:
    module = module_of("""
        def outer():
            def inner():
                use(late)
            late = 7
            inner()
    """)
    assert [(one.name, one.parent) for one in module.functions] == [
        ("shop.orders.app.outer", None),
        ("shop.orders.app.outer.inner", 0),
    ]
    assert call_named(module, "use").arguments[0].value == Literal(7)
    assert call_named(module, "use").function == 1


def test_decorators_and_defaults_are_read_outside_the_function() -> None:
    module = module_of("""
        @app.get("/orders", tags=["a"])
        def orders(db: "Session" = Depends(get_db), *args, limit: int | None = None, **rest):
            pass
    """)
    function = module.functions[0]
    assert function.decorators == (Result(0),)
    assert function.decorator_spans == (span(1, 2, 1, 32),)
    assert [call.function for call in module.calls] == [None, None]
    assert [(one.name, one.kind, one.default) for one in function.parameters] == [
        ("db", "positional", Result(1)),
        ("args", "*", None),
        ("limit", "keyword", Literal(None)),
        ("rest", "**", None),
    ]
    assert function.parameters[0].annotation == Reference("Session")
    assert function.parameters[2].annotation == Choice((Reference("int"), Literal(None)))


def test_a_generator_returns_what_it_yields() -> None:
    module = module_of("def get_db():\n    db = connect()\n    yield db\n")
    assert module.functions[0].is_generator
    assert module.functions[0].returns == (Result(0),)


def test_texts_with_a_name_are_recorded_with_their_context() -> None:
    module = module_of("""
        PASSWORD = "one"
        connect(password="two")
        config = {"api_key": "three", "n": {"token": "four"}}
        def f(secret="five"):
            if secret == "six":
                pass
            os.getenv("KEY", "seven")
            self.token = "eight"
        app.config["SECRET"] = "nine"
    """)
    assert [(one.name, one.value, one.context) for one in module.strings] == [
        ("PASSWORD", "one", "assignment"),
        ("password", "two", "keyword"),
        ("api_key", "three", "entry"),
        ("token", "four", "entry"),
        ("secret", "five", "default"),
        ("SECRET", "nine", "assignment"),
        ("secret", "six", "comparison"),
        ("KEY", "seven", "default"),
        ("token", "eight", "assignment"),
    ]
    assert module.strings[0].at == span(1, 12, 1, 17)


def test_dicts_and_lambdas_are_values() -> None:
    assert passed('use({"a": 1, **more})') == Dictionary(((Literal("a"), Literal(1)), (None, Reference("more"))))
    assert passed("use(dict(a=1))") == Dictionary(((Literal("a"), Literal(1)),))
    assert passed('use(lambda: "x")') == Lambda(Literal("x"))
    assert passed('def f():\n    d = {"a": "x"}\n    use(d["a"])\n') == Literal("x")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('d = {"a": 1}\n    d["b"] = 2', Dictionary(((Literal("a"), Literal(1)), (Literal("b"), Literal(2))))),
        ('d = {"a": 1}\n    d["a"] = 2', Dictionary(((Literal("a"), Literal(2)),))),
        ('d = {"a": 1}\n    d.update(b=2)', Dictionary(((Literal("a"), Literal(1)), (Literal("b"), Literal(2))))),
        ('d = {"a": 1}\n    d.update(more)', Dictionary(((Literal("a"), Literal(1)), (None, Reference("more"))))),
        ('d = {"a": 1}\n    d.setdefault("a", 2)', Dictionary(((Literal("a"), Literal(1)),))),
        ('d = {"a": 1} | more', Dictionary(((Literal("a"), Literal(1)), (None, Reference("more"))))),
        ('kwargs["b"] = 2\n    d = kwargs', Dictionary(((None, Parameter(0, "kwargs")), (Literal("b"), Literal(2))))),
        (
            'kwargs.setdefault("b", 2)\n    d = kwargs',
            Dictionary(((Literal("b"), Literal(2)), (None, Parameter(0, "kwargs")))),
        ),
        ('other["b"] = 2\n    d = other', Parameter(0, "other")),
    ],
)
def test_a_local_dict_stands_for_what_was_put_into_it(body: str, expected: Expression) -> None:
    assert passed(f"def f(other, **kwargs):\n    {body}\n    use(d)\n") == expected


def test_arithmetic_on_names_is_kept_for_later() -> None:
    assert passed("use(SECONDS * 2)") == Operation("*", Reference("SECONDS"), Literal(2))
    assert passed('use(config["ms"] / 1000)') == Operation("/", Item(Reference("config"), Literal("ms")), Literal(1000))
    assert passed("use(2 * 3)") == Literal(6)


def test_the_main_test_is_found_and_is_no_branch() -> None:
    module = module_of("""
        if __name__ == "__main__":
            run()
    """)
    assert module.main == span(1, 4, 1, 26)
    assert not module.calls[0].branch


def test_conditional_assignments_of_module_names_are_marked() -> None:
    module = module_of("""
        URL = "a"
        if DEBUG:
            URL = "b"
    """)
    assert [one.branch for one in module.assignments] == [False, True]


def test_facts_survive_the_cache() -> None:
    module = module_of("""
        import os
        BIG = 2 ** 200
        FLOAT = 1e999
        SURROGATE = "\\ud800"
        BYTES = b"\\xff"
        URL = f"http://{os.environ.get('HOST', 'x')}/{1:>3}"
        async def f(a, *, b=[1, {2: 3}]):
            return [await g(x) for x in a if (y := x)]
    """)
    encoded = msgspec.msgpack.encode([module])
    assert msgspec.msgpack.decode(encoded, type=list[AnyFact]) == [module]


def test_a_condition_says_what_it_looks_at_and_what_it_decides_on() -> None:
    module = module_of("""
        def handle(message, table):
            row = table.first()
            if row is not None:
                return
            if message.kind == "paid":
                if len(table.open()) == 0 or not row.state == "done":
                    pay()
                else:
                    skip()
            if "text" == "text":
                pass
    """)
    first, inner, *rest = module.tests
    assert rest == []
    assert (first.looks, first.leaves, first.until) == ((Look(Result(0), "present"),), True, None)
    assert (first.at.line, first.body.line, first.other) == (3, 4, None)
    assert inner.looks == (Look(Result(1), "absent"), Look(Member(Result(0), "state"), "equal"))
    assert (inner.leaves, inner.until, inner.other and inner.other.line) == (False, 9, 9)
