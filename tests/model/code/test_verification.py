"""TLS and JWT verification: which switches are off, and which decodings leave something unverified."""

from __future__ import annotations

import pytest
from calling_systems import system_of

from archlint.core.system.security import TlsSetting, TokenVerification
from archlint.core.values import is_unknown


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import requests\nrequests.get('https://x.example.com', verify=False)", ["verify=False"]),
        ("import requests\nrequests.get('https://localhost:1', verify=False)", []),
        ("import requests\nrequests.get('https://x.example.com', verify='/ca.pem')", []),
        ("import requests\nrequests.get('https://x.example.com', verify=settings())", []),
        ("import requests\ns = requests.Session()\ns.verify = False", ["verify = False"]),
        ("import httpx\nhttpx.Client(verify=False)", ["verify=False"]),
        ("import aiohttp\naiohttp.TCPConnector(ssl=False)", ["ssl=False"]),
        ("import ssl\nssl._create_unverified_context()", ["ssl._create_unverified_context()"]),
        ("import ssl\nc = ssl.create_default_context()\nc.check_hostname = False", ["check_hostname = False"]),
        (
            "import ssl\nc = ssl.create_default_context()\nc.check_hostname = False\nc.verify_mode = ssl.CERT_NONE",
            ["verify_mode = CERT_NONE"],
        ),
        ("import urllib3\nurllib3.PoolManager(cert_reqs='CERT_NONE')", ["cert_reqs=CERT_NONE"]),
        ("import paho.mqtt.client as mqtt\nmqtt.Client().tls_insecure_set(True)", ["tls_insecure_set(True)"]),
        ("import psycopg2\npsycopg2.connect(host='db.example.com', sslmode='disable')", ["sslmode=disable"]),
        ("import psycopg2\npsycopg2.connect(host='localhost', sslmode='disable')", []),
        ("URL = 'postgresql://db.example.com/x?sslmode=disable'", ["sslmode=disable"]),
        ("import jwt\njwt.decode(token, verify=False)", []),
        ("from exporter import Exporter\nExporter(insecure=True)", []),
        ("from forms import Field\nField('ssl', ssl=False, verify=False)", []),
    ],
)
def test_only_switches_of_tls_that_are_off_count(body: str, expected: list[str]) -> None:
    draft = system_of({"orders/app.py": body}, "orders")
    assert [one.option for one in draft.select(TlsSetting) if one.disabled is True] == expected


SIGNATURE = "its signature is not verified"


@pytest.mark.parametrize(
    ("decoding", "problem"),
    [
        ("jwt.decode(token, key, algorithms=['RS256'])", None),
        ("jwt.decode(token, key, algorithms=['RS256'], options={'verify_aud': False})", None),
        ("jwt.decode(token, options={'verify_signature': False})", SIGNATURE),
        ("jwt.decode(token, options=OPTIONS)", SIGNATURE),
        ("jwt.decode(token, verify=False)", SIGNATURE),
        ("jwt.decode(token, key, algorithms=['HS256', 'none'])", "it accepts the algorithm none"),
        ("jwt.decode(token, key, algorithms=['HS256'], options={'verify_exp': False})", "its expiry is not checked"),
        (
            "jwt.decode(token, key, algorithms=[jwt.get_unverified_header(token)['alg']])",
            "its algorithm is taken from the token's own header",
        ),
        (
            "jwt.decode(token, key, algorithms=jwt.get_unverified_header(token).get('alg'))",
            "its algorithm is taken from the token's own header",
        ),
        ("jose_jwt.get_unverified_claims(token)", SIGNATURE),
        ("jose_jwt.decode(token, key, algorithms='HS256')", None),
    ],
)
def test_a_decoding_says_what_it_leaves_unverified(decoding: str, problem: str | None) -> None:
    body = f"""\
        import jwt
        from jose import jwt as jose_jwt

        OPTIONS = {{"verify_signature": False}}

        def user(token, key):
            return {decoding}
        """
    draft = system_of({"orders/app.py": body}, "orders")
    assert [one.problem for one in draft.select(TokenVerification)] == [problem]


def test_a_token_may_be_verified_before_on_every_way_on_some_or_on_none() -> None:
    body = """\
        import jwt

        def verify(token, key):
            jwt.decode(token, key, algorithms=["RS256"])

        def tenant(token):
            return jwt.decode(token, options={"verify_signature": False})["tenant"]

        def role(token):
            return jwt.decode(token, options={"verify_signature": False})["role"]

        def name(token):
            return jwt.decode(token, options={"verify_signature": False})["name"]

        def guarded(token, key):
            verify(token, key)
            return tenant(token), role(token)

        def open_to_all(token):
            return role(token), name(token)
        """
    draft = system_of({"orders/app.py": body}, "orders")
    found = [one for one in draft.select(TokenVerification) if one.problem is not None]
    answers = ["unknown" if is_unknown(one.is_verified_upstream) else one.is_verified_upstream for one in found]
    assert [one.at.line for one in found] == [7, 10, 13]
    assert answers == [True, "unknown", False]


@pytest.mark.parametrize(
    ("decoding", "problem"),
    [
        ("jwt.decode(token, key, algorithms=['RS256'], options=options())", SIGNATURE),
        ("jwt.decode(token, key, algorithms=['RS256'], options=passed or OPTIONS)", SIGNATURE),
        ("jwt.decode(token, key, algorithms=['RS256'], options={**OPTIONS, 'verify_signature': True})", None),
        ("jwt.PyJWT().decode(token, key, algorithms=['RS256'], options=OPTIONS)", SIGNATURE),
        (
            "jwt.decode(token, key, algorithms=[header_of(token)['alg']])",
            "its algorithm is taken from the token's own header",
        ),
        ("jws.verify(token, key, ['RS256'], False)", SIGNATURE),
        ("jws.verify(token, key, ['RS256'])", None),
        ("python_jwt.process_jwt(token)", SIGNATURE),
        ("jwcrypto.jwt.JWT(jwt=token)", SIGNATURE),
        ("jwcrypto.jwt.JWT(jwt=token, key=key)", None),
        ("jwt.encode({}, None, algorithm='none')", "it is made with the algorithm none"),
    ],
)
def test_options_and_headers_are_followed_to_where_they_are_made(decoding: str, problem: str | None) -> None:
    body = f"""\
        import jwcrypto.jwt
        import jwt
        import python_jwt
        from jose import jws

        OPTIONS = {{"verify_signature": False}}

        def options():
            return OPTIONS

        def header_of(token):
            return jwt.get_unverified_header(token)

        def user(token, key, passed=None):
            return {decoding}
        """
    draft = system_of({"orders/app.py": body}, "orders")
    assert [one.problem for one in draft.select(TokenVerification)] == [problem]


def test_a_peek_is_verified_upstream_where_its_callers_verify_deep_down() -> None:
    draft = system_of(
        {
            "orders/app.py": """\
                import jwt

                def is_ours(token):
                    return jwt.decode(token, options={"verify_signature": False})["iss"] == "shop"

                def manager():
                    return jwt

                def checked(token):
                    return decoded(token)

                def decoded(token):
                    return jwt.decode(token, KEY, algorithms=["RS256"])

                def user(token):
                    return checked(token) if is_ours(token) else None
                """
        },
        "orders",
    )
    (peek,) = [one for one in draft.select(TokenVerification) if one.problem is not None]
    assert peek.is_verified_upstream is True


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return claims(made('ann'))", True),
        ("return claims(requests.post(URL).json()['id_token'])", True),
        ("return claims(request.args['token'])", False),
        ("key = jwk.construct(KEYS); key.verify(request.args['a'], request.args['b']); return claims('x')", True),
    ],
)
def test_a_token_of_ones_own_or_checked_by_hand_is_verified(body: str, expected: bool) -> None:
    draft = system_of(
        {
            "orders/app.py": f"""\
                import jwt
                import requests
                from flask import request
                from jose import jwk

                def made(user):
                    return signed({{"sub": user}})

                def signed(claims):
                    return jwt.encode(claims, KEY, algorithm="RS256")

                def claims(token):
                    return jwt.decode(token, options={{"verify_signature": False}})

                def user():
                    {body}
                """
        },
        "orders",
    )
    (peek,) = [one for one in draft.select(TokenVerification) if one.problem is not None]
    assert peek.is_verified_upstream is expected


def test_an_identity_token_that_a_client_keeps_may_be_the_issuers_own_answer() -> None:
    decoding = "jwt.decode(auth['id_token'], options={'verify_signature': False})"
    body = f"import jwt\n\ndef profile(auth):\n    return {decoding}\n"
    draft = system_of({"orders/app.py": body}, "orders")
    assert [is_unknown(one.is_verified_upstream) for one in draft.select(TokenVerification)] == [True]
