"""Who may call what an API offers: which code, settings and gateways identify a caller, and what changes state."""

from __future__ import annotations

import textwrap

import pytest

from archlint.config import Config
from archlint.core.source import SourceFile
from archlint.core.system import System
from archlint.core.system.security import ApiOperation
from archlint.core.values import Setting
from archlint.inputs.kinds import kind_of
from archlint.model import build
from archlint.readers import read

DATABASE = """\
import psycopg2

def store(value):
    connection = psycopg2.connect("dbname=orders")
    connection.cursor().execute("INSERT INTO orders (value) VALUES (%s)", (value,))
    connection.commit()
"""


def system_of(files: dict[str, str]) -> System:
    facts = []
    for path, text in {"orders/database.py": DATABASE, **files}.items():
        content = textwrap.dedent(text).encode()
        kind = kind_of(path, content)
        assert kind is not None
        facts += list(read(SourceFile(path, kind, content, path)))
    return build(facts, Config())


def callers_of(files: dict[str, str]) -> dict[str, str]:
    """By operation: ``open`` where a stranger can change something, else what stands in the way."""
    found = {}
    for one in system_of(files).select(ApiOperation):
        if one.purpose != "business":
            found[one.name] = one.purpose
        elif isinstance(one.authentication, Setting):
            found[one.name] = "identified"
        elif one.authentication is not None:
            found[one.name] = "perhaps"
        else:
            found[one.name] = "open" if one.changes_state is True else "no change"
    return found


FASTAPI = """\
from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, HTTPException, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer
from database import store
{before}
app = FastAPI({app})
router = APIRouter({router})

@router.post("/orders"{route})
def create(value: str{parameter}):
    {body}
    return {{"value": value}}

app.include_router(router{mount})
{after}
"""


def fastapi(**parts: str) -> dict[str, str]:
    given = {"before": "", "app": "", "router": "", "route": "", "parameter": "", "body": "store(value)", "mount": ""}
    return {"orders/main.py": FASTAPI.format(**{"after": "", **given, **parts})}


USER = """
scheme = OAuth2PasswordBearer(tokenUrl="/token")

def current_user(token: str = Depends(scheme)):
    return token
"""
HEADER = """
def check(request: Request):
    if request.headers.get("X-Api-Key") != KEY:
        raise HTTPException(status_code=401)
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "open"),
        ({"body": "pass"}, "no change"),
        ({"before": USER, "parameter": ", user=Depends(current_user)"}, "identified"),
        ({"before": USER, "route": ", dependencies=[Depends(current_user)]"}, "identified"),
        ({"before": USER, "router": "dependencies=[Depends(current_user)]"}, "identified"),
        ({"before": USER, "app": "dependencies=[Depends(current_user)]"}, "identified"),
        ({"before": USER, "mount": ", dependencies=[Depends(current_user)]"}, "identified"),
        ({"before": HEADER, "route": ", dependencies=[Depends(check)]"}, "identified"),
        ({"parameter": ", key: str = Security(APIKeyHeader(name='X-Key'))"}, "identified"),
        ({"before": "bearer = HTTPBearer()", "parameter": ", token=Depends(bearer)"}, "identified"),
        ({"before": "bearer = HTTPBearer(auto_error=False)", "parameter": ", token=Depends(bearer)"}, "perhaps"),
        (
            {
                "before": f"from typing import Annotated\n{USER}\nUser = Annotated[str, Depends(current_user)]\n",
                "parameter": ", user: User = None",
            },
            "identified",
        ),
        ({"parameter": ", authorization: str = Header()"}, "perhaps"),
        ({"before": "from accounts import current_user", "parameter": ", user=Depends(current_user)"}, "perhaps"),
        ({"before": "def session():\n    yield 1", "parameter": ", database=Depends(session)"}, "open"),
        (
            {
                "before": f"{USER}\nclass Roles:\n    def __init__(self, role):\n        self.role = role\n"
                "    def __call__(self, user=Depends(current_user)):\n        return user\n",
                "parameter": ", user=Depends(Roles('admin'))",
            },
            "identified",
        ),
        (
            {
                "after": "@app.middleware('http')\nasync def verify(request, proceed):\n"
                "    if 'Authorization' not in request.headers:\n        return JSONResponse({}, status_code=401)\n"
                "    return await proceed(request)\n"
            },
            "identified",
        ),
        (
            {
                "after": "@app.middleware('http')\nasync def time(request, proceed):\n"
                "    return await proceed(request)\n"
            },
            "open",
        ),
        (
            {
                "before": "from starlette.middleware.cors import CORSMiddleware",
                "after": "app.add_middleware(CORSMiddleware, allow_origins=['*'])",
            },
            "open",
        ),
        (
            {
                "before": "from starlette.middleware.base import BaseHTTPMiddleware\n"
                "class Tokens(BaseHTTPMiddleware):\n    async def dispatch(self, request, call_next):\n"
                "        raise HTTPException(401)\n",
                "after": "app.add_middleware(Tokens)",
            },
            "identified",
        ),
        (
            {"before": "from fastapi_jwt import JWTMiddleware", "after": "app.add_middleware(JWTMiddleware)"},
            "identified",
        ),
        ({"body": "user = jwt.decode(value, KEY, algorithms=['RS256'])", "before": "import jwt"}, "identified"),
    ],
)
def test_fastapi_identifies_callers_by_dependencies_and_middleware(parts: dict[str, str], expected: str) -> None:
    assert callers_of(fastapi(**parts)) == {"POST /orders": expected}


FLASK = """\
from functools import wraps
from flask import Flask, abort, g, jsonify, request, session
from database import store
{before}
app = Flask(__name__)
{hook}

{decorator}
@app.route("/orders", methods=["POST"])
{guard}
def create():
    {body}
    return jsonify(ok=True)
"""


def flask(**parts: str) -> dict[str, str]:
    given = {"before": "", "hook": "", "decorator": "", "guard": "", "body": "store(request.json['value'])"}
    return {"orders/app.py": FLASK.format(**{**given, **parts})}


OWN = """
def token_required(f):
    @wraps(f)
    def inner(*args, **kwargs):
        if not request.headers.get("Authorization"):
            return jsonify(error="who are you?"), 401
        return f(*args, **kwargs)
    return inner

def timed(f):
    @wraps(f)
    def inner(*args, **kwargs):
        return f(*args, **kwargs)
    return inner
"""


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "open"),
        ({"before": OWN, "guard": "@token_required"}, "identified"),
        ({"before": OWN, "guard": "@timed"}, "open"),
        ({"before": "from flask_login import login_required", "guard": "@login_required"}, "identified"),
        ({"before": "from flask_jwt_extended import jwt_required", "guard": "@jwt_required()"}, "identified"),
        ({"before": "from flask_jwt_extended import jwt_required", "guard": "@jwt_required(optional=True)"}, "perhaps"),
        (
            {
                "before": "from flask_httpauth import HTTPTokenAuth\nauth = HTTPTokenAuth()",
                "guard": "@auth.login_required",
            },
            "identified",
        ),
        ({"before": "from flask_security import roles_required", "guard": "@roles_required('admin')"}, "identified"),
        ({"before": "from flask_cors import cross_origin", "guard": "@cross_origin()"}, "open"),
        (
            {"hook": "@app.before_request\ndef check():\n    if 'user' not in session:\n        abort(401)"},
            "identified",
        ),
        ({"hook": "@app.before_request\ndef begin():\n    g.started = 1"}, "open"),
        ({"body": "verify_jwt_in_request(); store(1)"}, "identified"),
        ({"body": "store(g.user)"}, "perhaps"),
        ({"body": "store(request.json['user_id'])"}, "open"),
        ({"body": "requests.post('http://x/validate', headers={'Authorization': KEY}); store(1)"}, "open"),
    ],
)
def test_flask_identifies_callers_by_decorators_and_hooks(parts: dict[str, str], expected: str) -> None:
    assert callers_of(flask(**parts)) == {"POST /orders": expected}


DJANGO = {
    "shop/manage.py": "from django.core.management import execute_from_command_line\nexecute_from_command_line()\n",
    "shop/shop/urls.py": """\
        from django.urls import path
        from shop import views

        urlpatterns = [path("orders", views.Orders.as_view()), path("stock", views.stock)]
        """,
}
VIEWS = """\
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.views import View
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView
from shop.models import Order, Stock

class Orders({base}):
    {attribute}

    def post(self, request):
        Order.objects.create(value=1)

{decorator}
def stock(request):
    Stock.objects.create(value=1)
"""


def django(settings: str = "", base: str = "APIView", attribute: str = "", decorator: str = "") -> dict[str, str]:
    decorator = decorator or "@api_view(['POST'])"
    views = VIEWS.format(base=base, attribute=attribute, decorator=decorator)
    return {**DJANGO, "shop/shop/views.py": views, "shop/shop/settings.py": f"ROOT_URLCONF = 'shop.urls'\n{settings}\n"}


ALL_IDENTIFIED = "REST_FRAMEWORK = {'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated']}"


@pytest.mark.parametrize(
    ("files", "orders", "stock"),
    [
        (django(), "open", "open"),
        (django(ALL_IDENTIFIED), "identified", "identified"),
        (django(ALL_IDENTIFIED, attribute="permission_classes = [AllowAny]"), "open", "identified"),
        (django(attribute="permission_classes = [IsAuthenticated]"), "identified", "open"),
        (django(decorator="@api_view(['POST'])\n@permission_classes([IsAuthenticated])"), "open", "identified"),
        (django("REST_FRAMEWORK = defaults()"), "perhaps", "perhaps"),
        (
            django(base="LoginRequiredMixin, View", decorator="@login_required\n@require_POST"),
            "identified",
            "identified",
        ),
        (django("MIDDLEWARE = ['django.contrib.auth.middleware.LoginRequiredMiddleware']"), "identified", "identified"),
        (django("MIDDLEWARE = ['django.contrib.auth.middleware.AuthenticationMiddleware']"), "open", "open"),
    ],
)
def test_django_identifies_callers_by_permissions_mixins_and_settings(
    files: dict[str, str], orders: str, stock: str
) -> None:
    assert callers_of(files) == {"POST /orders": orders, "POST /stock": stock}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            """
            from aiohttp import web
            from database import store

            @web.middleware
            async def tokens(request, handler):
                if "Authorization" not in request.headers:
                    raise web.HTTPUnauthorized()
                return await handler(request)

            async def create(request):
                store(1)

            app = web.Application(middlewares=[tokens])
            app.router.add_post("/orders", create)
            """,
            "identified",
        ),
        (
            """
            from aiohttp import web
            from database import store

            async def create(request):
                store(1)

            app = web.Application()
            app.router.add_post("/orders", create)
            """,
            "open",
        ),
        (
            """
            import tornado.web
            from database import store

            class Base(tornado.web.RequestHandler):
                def prepare(self):
                    if not self.get_secure_cookie("session"):
                        self.send_error(401)

            class Orders(Base):
                def post(self):
                    store(1)

            app = tornado.web.Application([(r"/orders", Orders)])
            """,
            "identified",
        ),
        (
            """
            import tornado.web
            from database import store

            class Orders(tornado.web.RequestHandler):
                @tornado.web.authenticated
                def post(self):
                    store(1)

            app = tornado.web.Application([(r"/orders", Orders)])
            """,
            "identified",
        ),
        (
            """
            import falcon
            from database import store

            class Tokens:
                def process_request(self, request, response):
                    if request.get_header("Authorization") is None:
                        raise falcon.HTTPUnauthorized()

            class Orders:
                def on_post(self, request, response):
                    store(1)

            app = falcon.App(middleware=[Tokens()])
            app.add_route("/orders", Orders())
            """,
            "identified",
        ),
        (
            """
            from sanic import Sanic
            from sanic.exceptions import Unauthorized
            from database import store

            app = Sanic("orders")

            @app.on_request
            async def check(request):
                if not request.token:
                    raise Unauthorized("who are you?")

            @app.post("/orders")
            async def create(request):
                store(1)
            """,
            "identified",
        ),
        (
            """
            from starlette.applications import Starlette
            from starlette.authentication import requires
            from starlette.routing import Route
            from database import store

            @requires("authenticated")
            async def create(request):
                store(1)

            app = Starlette(routes=[Route("/orders", create, methods=["POST"])])
            """,
            "identified",
        ),
        (
            """
            from flask import Flask
            from flask.views import MethodView
            from flask_login import login_required
            from database import store

            app = Flask(__name__)

            class Orders(MethodView):
                decorators = [login_required]

                def post(self):
                    store(1)

            app.add_url_rule("/orders", view_func=Orders.as_view("orders"))
            """,
            "identified",
        ),
        (
            """
            from flask import Flask
            from flask_restful import Api, Resource
            from database import store

            app = Flask(__name__)
            api = Api(app)

            class Orders(Resource):
                def post(self):
                    store(1)

            api.add_resource(Orders, "/orders")
            """,
            "open",
        ),
        (
            """
            from ninja import NinjaAPI
            from ninja.security import HttpBearer
            from database import store

            class Tokens(HttpBearer):
                def authenticate(self, request, token):
                    return token

            api = NinjaAPI(auth=Tokens())

            @api.post("/orders")
            def create(request):
                store(1)
            """,
            "identified",
        ),
    ],
)
def test_other_frameworks_have_their_own_places_for_guards(code: str, expected: str) -> None:
    dockerfile = 'FROM python:3.12-slim\nCOPY . .\nCMD ["python", "app.py"]\n'
    assert callers_of({"orders/app.py": code, "orders/Dockerfile": dockerfile}) == {"POST /orders": expected}


GRPC = {
    "protos/orders.proto": """\
        syntax = "proto3";
        package shop.v1;
        service Orders { rpc Place(Order) returns (Order); }
        message Order { string id = 1; }
        """,
    "orders/server.py": """\
        import grpc
        import orders_pb2_grpc
        from concurrent import futures
        from database import store

        class Tokens(grpc.ServerInterceptor):
            def intercept_service(self, continuation, details):
                if "token" not in dict(details.invocation_metadata):
                    return deny(grpc.StatusCode.UNAUTHENTICATED)
                return continuation(details)

        class Orders(orders_pb2_grpc.OrdersServicer):
            def Place(self, request, context):
                store(1)

        server = grpc.server(futures.ThreadPoolExecutor(), interceptors=INTERCEPTORS)
        orders_pb2_grpc.add_OrdersServicer_to_server(Orders(), server)
        """,
    "orders/Dockerfile": 'FROM python:3.12-slim\nCOPY . .\nCMD ["python", "server.py"]\n',
    "compose.yaml": "services:\n  orders:\n    build: ./orders\n    ports: ['50051:50051']\n",
}


@pytest.mark.parametrize(("interceptors", "expected"), [("()", "open"), ("(Tokens(),)", "identified")])
def test_a_published_rpc_is_guarded_by_an_interceptor(interceptors: str, expected: str) -> None:
    server = GRPC["orders/server.py"].replace("INTERCEPTORS", interceptors)
    assert callers_of({**GRPC, "orders/server.py": server}) == {"/shop.v1.Orders/Place": expected}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('{"shapes": {"members": {"Name": {"shape": "Text"}}}}', "open"),
        ('{"plugins": [{"name": "key-auth"}]}', "perhaps"),
        ('{"http": {"middlewares": {"users": {"basicAuth": {"realm": "shop"}}}}}', "perhaps"),
    ],
)
def test_only_words_of_proxies_say_that_they_ask(settings: str, expected: str) -> None:
    server = GRPC["orders/server.py"].replace("INTERCEPTORS", "()")
    files = {**GRPC, "orders/server.py": server, "gateway/settings.json": settings}
    assert callers_of(files) == {"/shop.v1.Orders/Place": expected}


def test_an_rpc_that_nothing_puts_outside_is_not_reachable() -> None:
    files = {**GRPC, "compose.yaml": "services:\n  orders:\n    build: ./orders\n"}
    (operation,) = system_of(files).select(ApiOperation)
    assert operation.is_reachable is False


def test_an_rpc_that_only_developers_publish_is_not_reachable() -> None:
    manifest = """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: orders}
        spec:
          selector: {matchLabels: {app: orders}}
          template:
            metadata: {labels: {app: orders}}
            spec: {containers: [{name: orders, image: "orders:1"}]}
        """
    (operation,) = system_of({**GRPC, "deploy/orders.yaml": manifest}).select(ApiOperation)
    assert operation.is_reachable is False


@pytest.mark.parametrize(
    ("route", "purpose"),
    [
        ("/login", "login"),
        ("/api/v1/auth/token", "login"),
        ("/oauth2/callback", "login"),
        ("/register", "registration"),
        ("/password-reset/confirm", "registration"),
        ("/consent", "consent"),
        ("/auth/refresh", "login"),
        ("/accounts/activate", "registration"),
        ("/cache/refresh", "open"),
        ("/cards/activate", "open"),
        ("/device-tokens", "open"),
        ("/course-registrations", "open"),
        ("/search", "no change"),
    ],
)
def test_what_comes_before_an_identity_asks_for_none(route: str, purpose: str) -> None:
    body = "pass" if purpose == "no change" else "store(value)"
    files = fastapi(body=body)
    files["orders/main.py"] = files["orders/main.py"].replace("/orders", route)
    assert callers_of(files) == {f"POST {route}": purpose}


def test_who_hashes_a_password_registers() -> None:
    files = fastapi(before="from passlib.hash import bcrypt", body="store(get_password_hash(value))")
    files["orders/main.py"] = files["orders/main.py"].replace("/orders", "/users")
    assert callers_of(files) == {"POST /users": "registration"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("ORDERS.append(value)", "open"),
        ("ORDERS.count(value)", "no change"),
        ("cache.set(value, 1)", "no change"),
        ("requests.post('http://stock/reservations', json={}, timeout=1)", "open"),
        ("requests.post('http://stock/search', json={}, timeout=1)", "no change"),
        ("open('orders.txt', 'a').write(value)", "open"),
        ("open('orders.txt').read()", "no change"),
        ("celery.send_task('orders.place', [value])", "open"),
        ("repository.save(value)", "open"),
        ("return JSONResponse({}, status_code=201)", "open"),
    ],
)
def test_a_post_that_only_reads_changes_nothing(body: str, expected: str) -> None:
    before = "import redis\nimport requests\nfrom shop import get_repository\nORDERS = []\ncache = redis.Redis()"
    files = fastapi(before=before, body=body, parameter=", repository=Depends(get_repository)")
    assert callers_of(files) == {"POST /orders": expected}


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {{{annotations}}}
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: orders, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: orders}}
spec:
  selector: {{app: orders}}
  ports: [{{port: 80, targetPort: 8000}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: orders}}
spec:
  selector: {{matchLabels: {{app: orders}}}}
  template:
    metadata: {{labels: {{app: orders}}}}
    spec:
      containers: [{{name: orders, image: registry.example.com/orders:1.0}}]
"""
KONG = """\
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: tokens}
plugin: jwt
"""
TRAEFIK = """\
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: sign-in}
spec:
  forwardAuth: {address: "http://auth"}
"""
ISTIO = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{from: [{source: {requestPrincipals: ["*"]}}]}]
"""
TOKENS_ONLY_IF_GIVEN = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: orders}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules: [{issuer: "https://id.example.com"}]
"""


@pytest.mark.parametrize(
    ("annotations", "more", "expected"),
    [
        ("", "", "open"),
        ('nginx.ingress.kubernetes.io/auth-url: "https://id.example.com/auth"', "", "identified"),
        ("nginx.ingress.kubernetes.io/rewrite-target: /", "", "open"),
        ("konghq.com/plugins: tokens", KONG, "identified"),
        ("konghq.com/plugins: limits", KONG, "open"),
        ("traefik.ingress.kubernetes.io/router.middlewares: default-sign-in@kubernetescrd", TRAEFIK, "identified"),
        ("traefik.ingress.kubernetes.io/router.middlewares: default-other@kubernetescrd", TRAEFIK, "perhaps"),
        ("", ISTIO, "identified"),
        ("", ISTIO.replace("app: orders", "app: stock"), "open"),
        ("", TOKENS_ONLY_IF_GIVEN, "open"),
    ],
)
def test_a_gateway_or_mesh_identifies_callers_of_what_stands_behind(annotations: str, more: str, expected: str) -> None:
    files = fastapi()
    files["orders/Dockerfile"] = 'FROM python:3.12-slim\nCOPY . .\nCMD ["uvicorn", "main:app"]\n'
    files["k8s/orders.yaml"] = INGRESS.format(annotations=annotations)
    if more:
        files["k8s/policies.yaml"] = more
    assert callers_of(files) == {"POST /orders": expected}


NGINX = """\
http {{
  server {{
    listen 80;
    location /orders {{
      {asks}
      proxy_pass http://orders:8000;
    }}
  }}
}}
"""


@pytest.mark.parametrize(("asks", "expected"), [("", "open"), ("auth_request /auth;", "identified")])
def test_nginx_asks_where_it_passes_calls_on(asks: str, expected: str) -> None:
    files = fastapi()
    files["orders/Dockerfile"] = 'FROM python:3.12-slim\nCOPY . .\nCMD ["uvicorn", "main:app"]\n'
    files["compose.yaml"] = "services:\n  orders: {build: ./orders}\n  web: {image: 'nginx:1.27', ports: ['80:80']}\n"
    files["nginx/nginx.conf"] = NGINX.format(asks=asks)
    assert callers_of(files) == {"POST /orders": expected}


def test_what_only_identifying_services_reach_may_be_protected_by_them() -> None:
    front = fastapi(
        before=USER, parameter=", user=Depends(current_user)", body="requests.post(URL, json={}, timeout=1)"
    )
    text = front["orders/main.py"].replace("from database import store", "import requests\nURL = 'http://stock:8000/x'")
    files = {
        "gate/main.py": text,
        "stock/main.py": "from fastapi import FastAPI\napp = FastAPI()\nITEMS = []\n\n"
        "@app.post('/x')\ndef add(item: str):\n    ITEMS.append(item)\n",
        "gate/Dockerfile": 'FROM python:3.12-slim\nCOPY . .\nCMD ["uvicorn", "main:app"]\n',
        "stock/Dockerfile": 'FROM python:3.12-slim\nCOPY . .\nCMD ["uvicorn", "main:app"]\n',
        "compose.yaml": "services:\n  gate: {build: ./gate, ports: ['80:8000']}\n  stock: {build: ./stock}\n",
    }
    assert callers_of(files) == {"POST /orders": "identified", "POST /x": "perhaps"}


CONTRACT = """\
openapi: 3.0.3
info: {title: Payments, version: "1"}
SECURITY
paths:
  /payments:
    get: {responses: {"200": {description: all}}}
    post: {responses: {"201": {description: made}}}
  /search:
    post: {responses: {"200": {description: found}}}
"""


@pytest.mark.parametrize(
    ("security", "expected"),
    [("", {"POST /payments": "open", "POST /search": "no change"}), ("security: [{token: []}]", None)],
)
def test_a_contract_alone_says_who_is_asked(security: str, expected: dict[str, str] | None) -> None:
    found = callers_of({"contracts/payments.yaml": CONTRACT.replace("SECURITY", security)})
    assert found == (expected or {"POST /payments": "identified", "POST /search": "identified"})
