"""What the libraries of JSON Web Tokens call what decodes, and what each verifies by default.

* PyJWT (``jwt``, 1.7 to 2.10): ``decode`` verifies signature, expiry and audience; ``options`` or, before 2.0,
  ``verify=False`` switch that off (https://pyjwt.readthedocs.io/en/stable/api.html).
* python-jose 3: the same options; ``get_unverified_claims`` verifies nothing; ``jws.verify(..., verify=False)``
  (https://python-jose.readthedocs.io/en/latest/jwt/api.html).
* Authlib 1: ``jwt.decode`` verifies the signature, the claims only when ``validate()`` is called on them
  (https://docs.authlib.org/en/latest/jose/jwt.html).
* jwcrypto 1: ``JWT(jwt=..., key=...)`` verifies; without a key nothing is, and ``JWS.objects`` shows the payload before
  ``verify`` (https://jwcrypto.readthedocs.io/en/latest/jwt.html).
* python_jwt 3: ``process_jwt`` only parses, ``verify_jwt`` verifies (https://github.com/davedoesdev/python-jwt).
* Flask-JWT-Extended 4: ``decode_token`` verifies; ``allow_expired=True`` leaves the expiry out
  (https://flask-jwt-extended.readthedocs.io/en/stable/api.html).
"""

from __future__ import annotations

from archlint.core.record import pattern

PYJWT = pattern(
    r"^jwt\.(?:api_jwt\.|api_jws\.)?(?:(?:PyJWT|PyJWS|PyJWT\w*|_jwt_global_obj)\.)?(?:decode|decode_complete)$"
)
JOSE = pattern(r"^jose\.(?:jwt\.decode|jws\.verify)$")
AUTHLIB = pattern(r"^authlib\.jose\.(?:\w+\.)*(?:jwt|JsonWebToken)\.decode$")
UNVERIFIED = pattern(
    r"^(?:jose\.jw[ts]\.get_unverified_claims|python_jwt\.process_jwt|jwcrypto\.jwt\.JWT\.token\.objects)$"
)
JWCRYPTO = pattern(r"^jwcrypto\.jwt\.JWT$")
FLASK = pattern(r"^flask_jwt_extended\.(?:utils\.)?decode_token$")
ENCODERS = pattern(
    r"^(?:jwt\.(?:api_jwt\.)?(?:PyJWT\.)?encode|jose\.jw[ts]\.(?:encode|sign)|authlib\.jose\.(?:\w+\.)*encode)$"
)

MEMBERS = frozenset(
    {
        "decode",
        "decode_complete",
        "verify",
        "get_unverified_claims",
        "decode_token",
        "process_jwt",
        "JWT",
        "encode",
        "sign",
    }
)
"""The last names of all of these."""

HEADER = frozenset({"get_unverified_header", "get_unverified_headers"})
"""What reads a token's header before anything is verified."""

ISSUES = frozenset(
    {"json", "fetch_token", "exchange_code", "authorize_access_token", "acquire_token_by_authorization_code"}
)
"""What gives the issuer's own answer."""
