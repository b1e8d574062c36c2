"""The program: names, objects, values and calls across modules."""

from __future__ import annotations

import textwrap

import pytest

from archlint.core.facts.python import Literal, PythonCall, PythonModule
from archlint.core.source import Kind, SourceFile
from archlint.core.values import UNKNOWN, Unknown, is_unknown
from archlint.model.program import HOLE, Module, Program, Resolved
from archlint.readers.python import read


def program_of(**files: str) -> Program:
    """A program of files; ``orders__app`` is the file ``orders/app.py``."""
    facts: list[PythonModule] = []
    for name, text in files.items():
        path = (
            name.replace("__", "/") + ".py"
            if not name.endswith("____")
            else name[:-4].replace("__", "/") + "/__init__.py"
        )
        source = textwrap.dedent(text).encode()
        facts.extend(one for one in read(SourceFile(path, Kind.PYTHON, source, "")) if isinstance(one, PythonModule))
    assert len(facts) == len(files)
    return Program(facts, lambda path: not path.startswith("tests/"))


def use(program: Program, path: str) -> tuple[PythonCall, Module]:
    """The one call of ``use`` in a file."""
    module = program.modules[path]
    (found,) = [call for call in module.facts.calls if call.name.rpartition(".")[2] == "use"]
    return found, module


def values(program: Program, path: str = "app.py", lookup: object = None) -> list[object] | Unknown:
    """The values of what ``use`` gets."""
    call, module = use(program, path)
    found = program.evaluate(call.arguments[0].value, module, lookup)  # type: ignore[arg-type]
    return found if is_unknown(found) else [one.value for one in found]  # type: ignore[union-attr]


def named(program: Program, path: str = "app.py") -> str:
    """What the argument of ``use`` names."""
    call, module = use(program, path)
    return program.qualify(call.arguments[0].value, module)


class TestNames:
    def test_a_name_is_followed_through_a_re_export_to_its_definition(self) -> None:
        program = program_of(
            shop____="from .db import connect\n",
            shop__db="def connect(): ...\n",
            app="from shop import connect\nuse(connect)\n",
        )
        assert named(program) == "shop.db.connect"

    def test_imports_are_tried_from_the_importing_directory_upward(self) -> None:
        program = program_of(
            services__orders__app="from config import URL\nimport common.tools\nuse(URL)\n",
            services__orders__config="URL = 'orders'\n",
            services__billing__config="URL = 'billing'\n",
            common__tools="",
        )
        assert values(program, "services/orders/app.py") == ["orders"]
        module = program.modules["services/orders/app.py"]
        target = program.import_target(module, "common.tools")
        assert target is not None
        assert target.path == "common/tools.py"
        assert program.import_target(module, "requests") is None

    def test_src_below_a_root_is_an_import_root(self) -> None:
        program = program_of(
            orders__src__shop____="", orders__src__shop__db="X = 1\n", orders__main="from shop.db import X\nuse(X)\n"
        )
        assert values(program, "orders/main.py") == [1]

    def test_a_package_elsewhere_is_found_if_it_is_the_only_one(self) -> None:
        program = program_of(
            libs__common____="", libs__common__urls="X = 1\n", orders__main="from common.urls import X\nuse(X)\n"
        )
        assert values(program, "orders/main.py") == [1]

    def test_star_imports_are_followed_into_the_workspace_and_else_to_the_library(self) -> None:
        program = program_of(conf="URL = 'x'\n", app="from conf import *\nfrom flask import *\nuse(URL)\n")
        assert values(program) == ["x"]
        program = program_of(conf="URL = 'x'\n", app="from conf import *\nfrom flask import *\nuse(Flask)\n")
        assert named(program) == "flask.Flask"

    def test_a_file_named_like_a_library_means_the_library(self) -> None:
        program = program_of(kafka="from kafka import KafkaConsumer\nuse(KafkaConsumer)\n", json="", app="")
        assert named(program, "kafka.py") == "kafka.KafkaConsumer"

    def test_a_package_named_like_a_library_inside_a_package_does_not_hide_it(self) -> None:
        files = {"web____": "", "web__flask____": "x = 1", "web__flask__app": "import flask\nuse(flask.Flask)"}
        assert named(program_of(**files), "web/flask/app.py") == "flask.Flask"

    def test_a_module_of_the_standard_library_is_not_sought_above(self) -> None:
        program = program_of(email____="", orders__app="import email\nuse(email)\n")
        assert named(program, "orders/app.py") == "email"
        assert program.import_target(program.modules["orders/app.py"], "email") is None

    def test_an_import_cycle_ends(self) -> None:
        program = program_of(a="from b import x\nuse(x)\n", b="from a import x\n")
        assert named(program, "a.py").endswith("x")
        assert values(program, "a.py") == UNKNOWN


class TestObjects:
    def test_methods_of_instances_are_named_by_their_class(self) -> None:
        for text in (
            "s = requests.Session()\nuse(s.get)",
            "def f():\n    with requests.Session() as s:\n        use(s.get)",
            "class C:\n    def __init__(self):\n        self.s = requests.Session()\n"
            "    def f(self):\n        use(self.s.get)",
            "def f(s: requests.Session):\n    use(s.get)",
            "def f(s: 'requests.Session | None' = None):\n    use(s.get)",
            "def make():\n    return requests.Session()\ns = make()\nuse(s.get)",
            "def make() -> requests.Session:\n    ...\ns = make()\nuse(s.get)",
            "class C(requests.Session):\n    pass\nc = C()\nuse(c.get)",
            "class C(requests.Session):\n    def f(self):\n        use(self.get)",
            "class C(requests.Session):\n    def get(self):\n        use(super().get)",
            "def f(s):\n    use(s.get)\nf(requests.Session())",
            "class C:\n    @property\n    def s(self):\n        return requests.Session()\nuse(C().s.get)",
            "CLIENTS = {'a': requests.Session()}\nuse(CLIENTS['a'].get)",
            "s = None\ndef f():\n    global s\n    s = requests.Session()\ndef g():\n    use(s.get)",
        ):
            assert named(program_of(app="import requests\n" + text + "\n")) == "requests.Session.get", text

    def test_dependencies_of_a_framework_are_what_their_factories_give(self) -> None:
        for parameter in ("c = Depends(get_client)", "c: Annotated[AsyncClient, Depends(get_client)]", "c: Client"):
            program = program_of(
                deps="import httpx\nasync def get_client():\n  async with httpx.AsyncClient() as c:\n    yield c\n",
                app=f"""
                    from typing import Annotated
                    from fastapi import Depends
                    from httpx import AsyncClient
                    from deps import get_client
                    Client = Annotated[AsyncClient, Depends(get_client)]
                    async def route({parameter}):
                        use(c.get)
                """,
            )
            assert named(program) == "httpx.AsyncClient.get", parameter

    def test_the_origin_of_an_object_is_the_call_that_made_it(self) -> None:
        program = program_of(
            clients="import httpx\ndef make(t):\n    return httpx.Client(timeout=t)\nclient = make(3)\n",
            app="from clients import client\nuse(client)\n",
        )
        call, module = use(program, "app.py")
        origin = program.origin(call.arguments[0].value, module)
        assert origin is not None
        assert (origin[0].name, origin[1].path, origin[0].at.line) == ("httpx.Client", "clients.py", 3)

    def test_a_partial_keeps_its_function_and_its_origin(self) -> None:
        program = program_of(
            app="import functools, requests\nget = functools.partial(requests.get, timeout=3)\nuse(get)\n"
        )
        call, module = use(program, "app.py")
        assert named(program) == "requests.get"
        origin = program.origin(call.arguments[0].value, module)
        assert origin is not None
        assert origin[0].name == "functools.partial"

    def test_what_is_not_known_keeps_its_last_name(self) -> None:
        assert named(program_of(app="def f(x):\n    use(x.get)\n")) == "?.get"

    def test_bases_are_listed_through_modules_with_the_libraries(self) -> None:
        program = program_of(
            base="import grpc\nclass A(grpc.UnaryUnaryClientInterceptor): ...\n",
            app="import base\nclass B(base.A): ...\ndef f(b):\n    class C(b): ...\n",
        )
        assert program.bases("app.B") == ("base.A", "grpc.UnaryUnaryClientInterceptor")
        assert is_unknown(program.bases("app.f.C"))
        assert program.subclasses("grpc.UnaryUnaryClientInterceptor") == ("base.A", "app.B")

    def test_instances_of_a_class_are_found_across_modules(self) -> None:
        program = program_of(a="class C: ...\n", app="import a as x\nfrom a import C as D\nx.C()\nD()\n")
        assert [call.at.line for call, _ in program.instantiated("a.C")] == [3, 4]

    def test_what_an_application_keeps_is_found_by_its_name(self) -> None:
        program = program_of(
            start="import httpx\nasync def lifespan(app):\n    app.state.client = httpx.AsyncClient()\n",
            app="def route(request):\n    use(request.app.state.client)\n",
        )
        assert named(program) == "httpx.AsyncClient"
        both = program_of(
            start="import httpx\nasync def lifespan(app):\n    app.state.client = httpx.AsyncClient()\n",
            other="import httpx\nasync def lifespan(app):\n    app.state.client = httpx.Client()\n",
            app="def route(request):\n    use(request.app.state.client)\n",
        )
        assert named(both) == "?.app.state.client"
        apart = program_of(
            a__start="import httpx\nasync def lifespan(app):\n    app.state.client = httpx.AsyncClient()\n",
            b__start="import httpx\nasync def lifespan(app):\n    app.state.client = httpx.Client()\n",
            b__app="def route(request):\n    use(request.app.state.client)\n",
        )
        assert named(apart, "b/app.py") == "httpx.Client"

    def test_a_property_is_what_it_returns(self) -> None:
        program = program_of(
            app="""
                import httpx
                class Api:
                    @property
                    def client(self):
                        return httpx.Client()
                    def items(self):
                        use(self.client.get)
            """
        )
        assert named(program) == "httpx.Client.get"

    def test_a_field_is_what_its_default_factory_makes(self) -> None:
        program = program_of(
            app="""
                import requests
                from dataclasses import dataclass, field
                @dataclass
                class Api:
                    session: requests.Session = field(default_factory=requests.Session)
                    def items(self):
                        use(self.session.get)
            """
        )
        assert named(program) == "requests.Session.get"


class TestValues:
    def test_arithmetic_is_done_on_evaluated_values(self) -> None:
        assert values(program_of(app="MS = 5000\nuse(MS / 1000)\n")) == [5.0]
        assert is_unknown(values(program_of(app="MS = 5000\nuse(MS / 0)\n")))
        assert values(program_of(app="MINUTE = 60\nLIMIT = 2 * MINUTE\nuse(LIMIT - 1)\n")) == [119]

    def test_what_one_run_gives_a_parameter_holds_for_that_run(self) -> None:
        program = program_of(
            app="""
                class Api:
                    def __init__(self, base):
                        self.base = base
                    def get(self, path):
                        use(self.base + path)
                Api("http://a").get("/x")
                Api("http://b").get("/y")
            """
        )
        call, module = use(program, "app.py")
        given = {
            ("app.Api.__init__", "base"): (Literal("http://b"), module),
            ("app.Api.get", "path"): (Literal("/y"), module),
        }
        found = program.evaluate(call.arguments[0].value, module, given=given)
        assert not is_unknown(found)
        assert [one.value for one in found] == ["http://b/y"]  # type: ignore[union-attr]

    def test_constants_are_followed_across_modules_with_their_chain(self) -> None:
        program = program_of(
            conf="HOST = 'inventory'\nURL = f'http://{HOST}:8080'\n", app="import conf\nuse(conf.URL + '/items')\n"
        )
        call, module = use(program, "app.py")
        found = program.evaluate(call.arguments[0].value, module)
        assert not is_unknown(found)
        assert [(one.value, one.is_exact) for one in found] == [("http://inventory:8080/items", True)]
        assert [(str(one.at), one.note) for one in found[0].chain] == [
            ("conf.py:2:1", "sets URL"),
            ("conf.py:1:1", "sets HOST"),
        ]

    def test_what_is_not_known_is_a_hole_in_text(self) -> None:
        program = program_of(app="def f(path):\n    use(f'http://orders/{path}')\n")
        call, module = use(program, "app.py")
        assert program.evaluate(call.arguments[0].value, module) == (Resolved(f"http://orders/{HOLE}", (), False),)
        assert values(program_of(app="def f(path):\n    use(f'{path}')\n")) == UNKNOWN

    def test_the_environment_is_asked_before_the_default(self) -> None:
        program = program_of(app="import os\nuse(int(os.getenv('T', '5')))\n")
        assert values(program) == [5]
        assert values(program, lookup=lambda key: [Resolved("7")] if key == "T" else None) == [7]
        assert values(program, lookup=lambda key: UNKNOWN) == UNKNOWN
        assert values(program_of(app="import os\nuse(os.environ['T'])\n")) == UNKNOWN

    def test_an_environment_read_behind_a_helper_is_a_read(self) -> None:
        program = program_of(
            env="import os\ndef env(key, default=None):\n    return os.environ.get(key, default)\n",
            app="from env import env\nuse(env('URL', 'http://a'))\n",
        )
        assert values(program) == ["http://a"]
        assert values(program, lookup=lambda key: [Resolved("http://b")] if key == "URL" else None) == ["http://b"]

    def test_settings_classes_read_their_variables(self) -> None:
        program = program_of(
            conf="""
                from pydantic import Field
                from pydantic_settings import BaseSettings, SettingsConfigDict
                class Settings(BaseSettings):
                    model_config = SettingsConfigDict(env_prefix="APP_")
                    orders_url: str = "http://orders"
                    timeout: int = Field(default=3, validation_alias="TIMEOUT")
                settings = Settings()
            """,
            app="from conf import settings\nuse([settings.orders_url, settings.timeout])\n",
        )
        call, module = use(program, "app.py")
        seen: list[str] = []
        for item in call.arguments[0].value.items:  # type: ignore[union-attr]
            program.evaluate(item, module, seen.append)
        assert seen == ["APP_ORDERS_URL", "TIMEOUT"]
        first, second = (program.evaluate(one, module) for one in call.arguments[0].value.items)  # type: ignore[union-attr]
        assert not is_unknown(first)
        assert not is_unknown(second)
        assert (first[0].value, second[0].value) == ("http://orders", 3)

    def test_flask_and_django_settings_are_found(self) -> None:
        assert values(
            program_of(
                conf="class Config:\n    URL = 'http://a'\n",
                app="from flask import current_app as a\nx.config.from_object('conf.Config')\nuse(a.config['URL'])\n",
            )
        ) == ["http://a"]
        assert values(
            program_of(
                main="app.config['URL'] = 'http://b'\n",
                app="from flask import current_app\nuse(current_app.config.get('URL'))\n",
            )
        ) == ["http://b"]
        assert values(
            program_of(shop__settings="URL = 'http://c'\n", app="from django.conf import settings\nuse(settings.URL)\n")
        ) == ["http://c"]

    def test_a_fallback_holds_only_where_the_first_is_empty(self) -> None:
        function = "def f(timeout=None):\n    use(timeout or 30)\n"
        assert values(program_of(app=function)) == [30]
        assert values(program_of(app=function + "f(5)\n")) == [5]
        assert values(program_of(app=function + "f(5)\nf()\n")) == [5, 30]
        assert values(program_of(app=function + "f(input())\n")) == [30, HOLE]

    def test_what_only_tests_pass_is_not_counted(self) -> None:
        program = program_of(
            app="def f(url='http://a'):\n    use(url)\n", tests__test_app="from app import f\nf('http://test')\n"
        )
        assert values(program) == ["http://a"]

    def test_constructor_arguments_reach_attributes(self) -> None:
        program = program_of(
            client="class Client:\n    def __init__(self, base, timeout=3):\n        self.base = base.rstrip('/')\n"
            "        self.timeout = timeout\n",
            app="from client import Client\na = Client('http://a/')\nb = Client(base='http://b', timeout=9)\n"
            "use([a.base, a.timeout, b.base, b.timeout])\n",
        )
        call, module = use(program, "app.py")
        found = [program.evaluate(one, module) for one in call.arguments[0].value.items]  # type: ignore[union-attr]
        assert [one[0].value for one in found if not is_unknown(one)] == ["http://a", 3, "http://b", 9]

    def test_fields_of_data_classes_are_their_argument_or_default(self) -> None:
        program = program_of(
            app="@dataclass\nclass C:\n    url: str = 'a'\n    t: int = field(default_factory=lambda: 4)\n"
            "c = C(url='b')\nuse([c.url, c.t])\n"
        )
        call, module = use(program, "app.py")
        found = [program.evaluate(one, module) for one in call.arguments[0].value.items]  # type: ignore[union-attr]
        assert [one[0].value for one in found if not is_unknown(one)] == ["b", 4]

    def test_a_subclass_gives_what_its_base_leaves_open(self) -> None:
        program = program_of(
            app="class Base:\n    url = None\n    def f(self):\n        use(self.url)\nclass A(Base):\n    url = 'http://a'\n"
        )
        assert values(program) == ["http://a"]

    def test_a_later_assignment_replaces_and_a_conditional_one_adds(self) -> None:
        assert values(program_of(app="X = 1\nX = 2\nuse(X)\n")) == [2]
        assert values(program_of(app="X = 1\nif a:\n    X = 2\nuse(X)\n")) == [1, 2]

    def test_elements_of_displays_are_all_their_values(self) -> None:
        text = "URLS = {'a': 'http://a', 'b': 'http://b'}\n"
        assert values(program_of(app=text + "use(URLS['b'])\n")) == ["http://b"]
        assert values(program_of(app=text + "def f(k):\n    use(URLS[k])\n")) == ["http://a", "http://b"]
        assert values(program_of(app=text + "def f():\n    for u in URLS.values():\n        use(u)\n")) == [
            "http://a",
            "http://b",
        ]
        assert values(program_of(app=text + "def f():\n    for k, u in URLS.items():\n        use(u)\n")) == [
            "http://a",
            "http://b",
        ]
        assert values(program_of(app=text + "use(URLS.get('c', 'http://c'))\n")) == ["http://c"]
        assert values(program_of(app="def f():\n    for u in ['a', 'b']:\n        use(u)\n")) == ["a", "b"]

    def test_the_standard_library_s_conversions_are_known(self) -> None:
        for text, expected in (
            ("urllib.parse.urljoin('http://a/b/', 'c')", "http://a/b/c"),
            ("'http://a/'.rstrip('/')", "http://a"),
            ("float('2.5')", 2.5),
            ("datetime.timedelta(minutes=2)", 120.0),
            ("getattr(thing, 'x', 5)", 5),
            ("os.path.join('/a', 'b')", "/a/b"),
            ("enum_like.value", None),
        ):
            found = values(program_of(app=f"import os, urllib.parse, datetime\nuse({text})\n"))
            assert (found == UNKNOWN) if expected is None else (not is_unknown(found) and found[0] == expected), text

    def test_recursion_ends(self) -> None:
        assert values(program_of(app="def f(x):\n    return f(x + 'a')\nuse(f('b'))\n")) == UNKNOWN
        assert values(program_of(app="A = B\nB = A\nuse(A)\n")) == UNKNOWN
        assert (
            values(program_of(app="class C:\n    def f(self):\n        self.x = self.x\n        use(self.x)\n"))
            == UNKNOWN
        )


class TestCalls:
    def test_a_call_runs_methods_through_instances_bases_and_constructors(self) -> None:
        program = program_of(
            base="class Base:\n    def __init__(self): ...\n    def run(self): ...\n",
            app="from base import Base\nclass A(Base): ...\ndef main():\n    a = A()\n    a.run()\n",
        )
        module = program.modules["app.py"]
        assert [[one.name for one, _ in program.called_functions(call, module)] for call in module.facts.calls] == [
            ["base.Base.__init__"],
            ["base.Base.run"],
        ]

    def test_functions_passed_to_libraries_are_run(self) -> None:
        for text in (
            "threading.Thread(target=work)",
            "pool.submit(work, 1)",
            "loop.run_in_executor(None, work)",
            "functools.partial(work, 1)",
            "asyncio.create_task(work())",
        ):
            program = program_of(
                app=f"import asyncio, functools, threading\ndef work(): ...\ndef main():\n    {text}\n"
            )
            function = program.function_named("app.work")
            assert function is not None
            assert [call.at.line for call, _ in program.callers(*function)] == [4], text

    def test_an_abstract_method_runs_its_overrides(self) -> None:
        program = program_of(
            app="""
                from abc import ABC, abstractmethod
                class Port(ABC):
                    @abstractmethod
                    def send(self): ...
                class Http(Port):
                    def send(self):
                        post()
                def main(port: Port):
                    port.send()
            """
        )
        function = program.function_named("app.main")
        assert function is not None
        assert [call.name for call, _ in program.reachable(*function)] == ["?.send", "post"]

    def test_reachable_calls_come_nearest_first_and_end_in_cycles(self) -> None:
        program = program_of(
            app="def a():\n    b()\n    one()\ndef b():\n    c()\ndef c():\n    a()\n    two()\n",
        )
        function = program.function_named("app.a")
        assert function is not None
        assert [call.name for call, _ in program.reachable(*function)] == ["app.b", "one", "app.c", "app.a", "two"]
        assert [call.name for call, _ in program.reachable(*function, depth=1)] == ["app.b", "one"]

    def test_calls_in_a_function_include_nested_ones(self) -> None:
        program = program_of(app="def a():\n    def b():\n        inner()\n    outer()\nmain()\n")
        function = program.function_named("app.a")
        assert function is not None
        assert [call.name for call in program.calls_in(*function)] == ["outer", "inner"]
        assert [call.name for call in program.module_scope_calls(program.modules["app.py"])] == ["main"]

    def test_a_reference_to_a_function_is_resolved(self) -> None:
        program = program_of(handlers="def handle(m): ...\n", app="import handlers\nh = handlers.handle\nuse(h)\n")
        call, module = use(program, "app.py")
        found = program.function_of(call.arguments[0].value, module)
        assert found is not None
        assert found[0].name == "handlers.handle"

    def test_imported_modules_are_followed_with_their_packages(self) -> None:
        program = program_of(
            pkg____="",
            pkg__a="from . import b\n",
            pkg__b="",
            other="",
            app="import pkg.a\nif TYPE_CHECKING:\n    import other\n",
        )
        assert program.imported_modules("app.py") == {"pkg/a.py", "pkg/b.py", "pkg/__init__.py"}


HANDLERS = "def one(m): ...\ndef two(m): ...\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MAP = {'a': one, 'b': two}\ndef run(m):\n    MAP[m.kind](m)\n", ["one", "two"]),
        ("MAP = {'a': one, 'b': two}\ndef run(m):\n    MAP['b'](m)\n", ["two"]),
        ("MAP = {'a': one}\ndef run(m):\n    MAP.get(m.kind, two)(m)\n", ["one", "two"]),
        (
            "MAP = {'a': one, 'b': two}\ndef run(m):\n    handler = MAP.get(m.kind)\n"
            "    if handler is not None:\n        handler(m)\n",
            ["one", "two"],
        ),
        ("LIST = [one, two]\ndef run(m):\n    for handler in LIST:\n        handler(m)\n", ["one", "two"]),
        (
            "MAP = {'a': [one], 'b': [two]}\ndef run(m):\n    for handler in MAP[type(m)]:\n        handler(m)\n",
            ["one", "two"],
        ),
        (
            "MAP = {'a': one, 'b': two}\ndef run(m):\n    for name, handler in MAP.items():\n        handler(m)\n",
            ["one", "two"],
        ),
        ("import functools\ndef run(m):\n    functools.partial(one, m)()\n", ["one"]),
        ("import lib\nfrom functools import partial\ndef run(m):\n    lib.consume(partial(one, m))\n", ["one"]),
        ("def call(f, m):\n    f(m)\ndef run(m):\n    call(one, m)\n    call(two, m)\n", ["call", "one", "two"]),
        (
            "class Job:\n    def __init__(self, handler):\n        self.handler = handler\n"
            "    def go(self, m):\n        self.handler(m)\ndef run(m):\n    Job(two).go(m)\n",
            ["Job.__init__", "Job.go", "two"],
        ),
        (
            "from dataclasses import dataclass\n@dataclass\nclass Job:\n    handler: object\n"
            "    def go(self, m):\n        self.handler(m)\ndef run(m):\n    Job(handler=two).go(m)\n",
            ["Job.go", "two"],
        ),
        (
            "MAP = {}\ndef on(kind):\n    def decorate(f):\n        MAP[kind] = f\n        return f\n"
            "    return decorate\n@on('a')\ndef three(m): ...\ndef run(m):\n    MAP[m.kind](m)\n",
            ["three"],
        ),
        (
            "class Bus:\n    def __init__(self):\n        self.map = {}\n    def register(self, kind, f):\n"
            "        self.map[kind] = f\n    def handle(self, m):\n        self.map[m.kind](m)\n"
            "bus = Bus()\nbus.register('a', one)\ndef run(m):\n    bus.handle(m)\n",
            ["Bus.handle", "one"],
        ),
    ],
)
def test_callees_that_are_not_named_are_found(code: str, expected: list[str]) -> None:
    program = program_of(app=HANDLERS + code)
    function = program.function_named("app.run")
    assert function is not None
    found = {
        called.name.removeprefix("app.")
        for call, module in program.reachable(*function)
        for called, _ in program.called_functions(call, module)
    }
    assert sorted(found) == expected


def test_callers_include_those_that_do_not_name_the_function() -> None:
    program = program_of(app=HANDLERS + "MAP = {'a': one}\ndef run(m):\n    MAP[m.kind](m)\n")
    function = program.function_named("app.one")
    assert function is not None
    assert [call.at.line for call, _ in program.callers(*function)] == [5]


def test_a_module_that_names_itself_does_not_hide_itself_from_those_beside_it() -> None:
    program = program_of(shop__tracing="def start(): ...\n", shop__app="from shop.tracing import start\n")
    own, other = program.modules["shop/tracing.py"], program.modules["shop/app.py"]
    assert program.import_target(own, "shop.tracing") is None
    assert program.import_target(other, "shop.tracing") is own
