"""Routes: full paths through prefixes and mounts, and what each is for."""

from __future__ import annotations

import pytest
from calling_systems import system_of

from archlint.core.facts.documents import ProtoFile, ProtoMethod, ProtoService
from archlint.core.span import start_of
from archlint.core.system.calls import Route
from archlint.core.values import is_unknown


def routes_of(files: dict[str, str]) -> list[str]:
    """The routes of one service, each as methods, path and kind; ``?`` for a path that is not resolved."""
    draft = system_of({f"orders/{path}": text for path, text in files.items()}, "orders")
    return [
        f"{','.join(one.methods) or 'ANY'} {'?' if is_unknown(one.path) else one.path} {one.kind}"
        for one in sorted(draft.select(Route), key=lambda one: (one.at, one.key))
    ]


def test_flask_blueprints_have_the_prefix_of_their_registration() -> None:
    files = {
        "items.py": """\
            from flask import Blueprint, render_template

            blueprint = Blueprint("items", __name__, url_prefix="/own")

            @blueprint.route("/<int:number>", methods=["GET", "DELETE"])
            def item(number):
                return {}

            @blueprint.get("/page")
            def page():
                return render_template("page.html")
            """,
        "lost.py": """\
            from flask import Blueprint

            lost = Blueprint("lost", __name__)

            @lost.post("/lost")
            def post():
                return {}
            """,
        "main.py": """\
            import flask
            import lost
            from items import blueprint

            def create_app():
                app = flask.Flask(__name__)
                app.register_blueprint(blueprint, url_prefix="/api/items")
                app.add_url_rule("/healthz", view_func=lambda: "up")
                return app

            app = create_app()
            """,
    }
    assert routes_of(files) == [
        "GET,DELETE /api/items/{number} business",
        "GET /api/items/page html",
        "POST ? business",
        "GET /healthz health",
    ]


def test_fastapi_routers_nest() -> None:
    files = {
        "deep.py": """\
            from fastapi import APIRouter

            inner = APIRouter(prefix="/deep")

            @inner.put("/{item_id:int}")
            def put(item_id: int): ...
            """,
        "main.py": """\
            from fastapi import APIRouter, FastAPI
            from fastapi.staticfiles import StaticFiles
            from deep import inner

            PREFIX = "/v1"
            router = APIRouter(prefix="/items")
            router.include_router(inner)

            @router.get("")
            def items(): ...

            app = FastAPI()
            for one in (router,):
                app.include_router(one, prefix=PREFIX)
            app.mount("/assets", StaticFiles(directory="static"))

            @app.get("/health/live")
            def live(): ...

            @app.websocket("/ws")
            async def ws(socket): ...
            """,
    }
    assert routes_of(files) == [
        "PUT /v1/items/deep/{item_id} business",
        "GET /v1/items business",
        "GET /assets/{path} static",
        "GET /health/live health",
        "ANY /ws business",
    ]


def test_django_urls_are_followed_from_the_root() -> None:
    files = {
        "shop/urls.py": """\
            from django.contrib import admin
            from django.urls import include, path, re_path

            urlpatterns = [
                path("admin/", admin.site.urls),
                path("api/", include("shop.items.urls")),
            ]
            urlpatterns += [re_path(r"^old/(?P<number>\\d+)/$", old)]
            """,
        "shop/items/urls.py": """\
            from django.urls import path
            from rest_framework.routers import DefaultRouter
            from shop.items import views

            router = DefaultRouter()
            router.register(r"items", views.ItemViewSet)
            urlpatterns = [path("status/", views.Status.as_view())] + router.urls
            """,
        "shop/items/views.py": """\
            from rest_framework.views import APIView
            from rest_framework.viewsets import ReadOnlyModelViewSet

            class ItemViewSet(ReadOnlyModelViewSet):
                pass

            class Status(APIView):
                def get(self, request): ...
            """,
    }
    assert "GET /api/status/ health" in routes_of(files)
    assert "ANY /admin/{path} html" in routes_of(files)
    assert "ANY /old/{number}/ business" in routes_of(files)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "from aiohttp import web\napp = web.Application()\napp.router.add_get('/items/{id}', h)\n"
            "app.add_routes([web.post('/items', h)])",
            ["GET /items/{id} business", "POST /items business"],
        ),
        (
            "from aiohttp import web\nroutes = web.RouteTableDef()\n@routes.get('/ping')\nasync def ping(r): ...\n"
            "app = web.Application()\napp.add_routes(routes)",
            ["GET /ping health"],
        ),
        (
            "import falcon\nclass Items:\n    def on_get(self, req, resp): ...\napp = falcon.App()\n"
            "app.add_route('/items/{number:int}', Items())",
            ["GET /items/{number} business"],
        ),
        (
            "import tornado.web\nclass Items(tornado.web.RequestHandler):\n    def get(self): ...\n"
            "app = tornado.web.Application([(r'/items/([0-9]+)', Items)])",
            ["GET /items/{} business"],
        ),
        (
            "from starlette.applications import Starlette\nfrom starlette.routing import Mount, Route\n"
            "app = Starlette(routes=[Mount('/api', routes=[Route('/items/{id:int}', h)])])",
            ["GET /api/items/{id} business"],
        ),
        (
            "from sanic import Blueprint, Sanic\nbp = Blueprint('b', url_prefix='/b')\n@bp.get('/<id:int>')\n"
            "async def one(request, id): ...\napp = Sanic('x')\napp.blueprint(bp)",
            ["GET /b/{id} business"],
        ),
        (
            "from nameko.web.handlers import http\nclass Service:\n    name = 's'\n    @http('GET,POST', '/items')\n"
            "    def items(self, request): ...",
            ["GET,POST /items business"],
        ),
        (
            "from flask import Flask\nfrom flask_restful import Api, Resource\nclass Items(Resource):\n"
            "    def get(self): ...\n    def post(self): ...\napp = Flask(__name__)\napi = Api(app, prefix='/v1')\n"
            "api.add_resource(Items, '/items', '/all')",
            ["GET,POST /v1/all business", "GET,POST /v1/items business"],
        ),
        (
            "from flask import Flask\nfrom flask_restx import Api, Resource\napp = Flask(__name__)\napi = Api(app)\n"
            "ns = api.namespace('items', path='/items')\n@ns.route('/<string:id>')\nclass Item(Resource):\n"
            "    def get(self, id): ...",
            ["GET /items/{id} business"],
        ),
        (
            "from bottle import route, run\n@route('/items/<id:int>', method='POST')\ndef item(id): ...",
            ["POST /items/{id} business"],
        ),
        (
            "from flask import Flask\nfrom prometheus_flask_exporter import PrometheusMetrics\napp = Flask('x')\n"
            "PrometheusMetrics(app)\n@app.route('/orders/<id>/status')\ndef status(id): ...",
            ["GET /metrics metrics", "GET /orders/{id}/status business"],
        ),
    ],
)
def test_each_framework_is_understood(body: str, expected: list[str]) -> None:
    assert routes_of({"app.py": body}) == expected


def test_a_service_with_mounts_that_are_not_read_may_have_a_health_route() -> None:
    draft = system_of(
        {"orders/app.py": "import fastapi, company\napp = fastapi.FastAPI()\napp.mount('/', company.make())\n"},
        "orders",
    )
    assert is_unknown(draft.services[0].has_health_route)


def test_middleware_that_is_given_a_health_path_may_answer_it() -> None:
    text = """\
        from fastapi import FastAPI
        from middleware import healthy

        app = FastAPI()

        @app.get("/items")
        def items():
            return []

        served = {wrapped}
        """
    wrapped = system_of({"orders/app.py": text.format(wrapped='healthy(app, "/health/")')}, "orders")
    assert is_unknown(wrapped.services[0].has_health_route)
    asked = system_of({"orders/app.py": text.format(wrapped='healthy(app).get("/health")')}, "orders")
    assert asked.services[0].has_health_route is False


def test_servicers_serve_the_rpcs_that_they_define() -> None:
    proto = ProtoFile(
        start_of("stock.proto"),
        "proto3",
        "shop.v1",
        None,
        services=(
            ProtoService(
                start_of("stock.proto"),
                "Stock",
                (
                    ProtoMethod(start_of("stock.proto"), "Count", "Query", "Number"),
                    ProtoMethod(start_of("stock.proto"), "Reserve", "Query", "Number"),
                ),
            ),
        ),
    )
    draft = system_of(
        {
            "stock/server.py": """\
                import grpc
                import stock_pb2_grpc
                from grpc_health.v1 import health, health_pb2_grpc

                class Stock(stock_pb2_grpc.StockServicer):
                    def Count(self, request, context): ...
                    def helper(self, request, context): ...

                server = grpc.server(None)
                stock_pb2_grpc.add_StockServicer_to_server(Stock(), server)
                health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
                """
        },
        "stock",
        facts=(proto,),
    )
    assert [(one.path, one.kind) for one in draft.select(Route)] == [
        ("/shop.v1.Stock/Count", "business"),
        ("/grpc.health.v1.Health/Check", "health"),
    ]
    assert draft.services[0].has_health_route is True
