"""What frameworks and libraries call the things that authenticate: one table, with where each name is documented.

Names that nobody lists are judged by their words: ``@roles_required`` of a library that is not known here is a guard.
"""

from __future__ import annotations

import re

from archlint.core.record import pattern
from archlint.model.paths import names

SECURITY_SCHEMES = names(
    "OAuth2PasswordBearer OAuth2AuthorizationCodeBearer OAuth2PasswordRequestForm OAuth2 OpenIdConnect HTTPBearer "
    "HTTPBasic HTTPDigest APIKeyHeader APIKeyQuery APIKeyCookie"
)
"""Classes of fastapi.security; each answers 401 or 403 itself unless ``auto_error=False``
(https://fastapi.tiangolo.com/reference/security/, fastapi 0.40 to 0.115)."""

ENFORCING = names(
    # https://flask-jwt-extended.readthedocs.io/en/stable/api.html, flask-login, flask-httpauth, Authlib
    "verify_jwt_in_request acquire_token require_oauth authenticate_request login_required auth_required "
    # https://firebase.google.com/docs/auth/admin/verify-id-tokens, google-auth, python-keycloak
    "verify_id_token verify_oauth2_token verify_firebase_token verify_session_cookie decode_token introspect userinfo "
    # https://docs.stripe.com/webhooks, svix, twilio's RequestValidator, hmac
    "construct_event compare_digest verify_signature validate_signature check_signature verify_webhook "
    # Django, REST framework, Pyramid, aiohttp-security
    "check_permissions check_object_permissions has_permission has_perm check_permission check_authorized "
    "permission_required login_user_required enforce is_authorized authorize"
)
"""Functions that refuse a caller whom they do not know."""

DECODERS = pattern(r"^(?:jwt|jose|authlib|jwcrypto|josepy|python_jwt)\b.*\b(?:decode|decode_complete|verify|JWT)$")
"""Decodings of tokens in PyJWT, python-jose, Authlib and jwcrypto."""

GUARD_WORDS = names(
    "auth authn authz authenticate authenticated authenticates authentication authenticator authorize authorized "
    "authorization authorizer authorise authorised login loggedin logged signin jwt token oauth oauth2 oidc saml sso "
    "permission permissions perm perms role roles scope scopes secured secure security protect protected guard guarded "
    "acl rbac abac apikey principal identity credential credentials keycloak cognito firebase auth0 okta bearer "
    "signature hmac admin superuser staff require requires required access"
)
EXEMPT_WORDS = names("headers exempt optional anonymous public skip unauthenticated unprotected noauth guest")
"""Words that say that somebody thought of the caller, and lets all in."""

NO_GUARDS = names(
    "require_http_methods require_POST require_GET require_safe require_json use_kwargs requires_csrf_token "
    "csrf_protect ensure_csrf_cookie required access_log accesslog require_version required_args required_fields"
)
PASSED_DEPENDENCY = names("user principal identity caller tenant claims subject")
"""Words of a dependency that gives who is calling: what is not read may well check it."""

STORING = names(
    "repository repositories repo service services dao crud db database uow store factory usecase publisher"
)
"""Words of a dependency that keeps or finds things: ``get_user_repository`` gives no user."""

STATE_NAMES = pattern(
    r"(?:^|\.)(?:current_user|current_identity|current_token|request\.user|request\.auth|request\.authorization|"
    r"request\.remote_user|g\.(?:user|current_user|identity|auth\w*|token\w*)|"
    r"state\.(?:user\w*|auth\w*|identity|token\w*|claims)|ctx\.user|context\.user|is_authenticated|invocation_metadata|"
    r"request\.cookies|request\.jwt\w*|user_context|auth_context|request_context\.authorizer)$",
    re.IGNORECASE,
)
"""Where frameworks keep who is calling."""

HEADERS = pattern(
    r"(?i)^(?:http_)?(?:authorization|proxy-authorization|x[-_].*(?:auth|token|key|secret|user|signature|identity|jwt).*"
    r"|.*[-_]signature(?:-.*)?|x?api[-_]?key|access[-_]token|auth[-_]?token|id[-_]token|requestcontext|authorizer)$"
)
"""Headers by which a caller is told, whatever they are read from."""

SESSION_KEYS = pattern(
    r"(?i)^(?:token|session(?:[-_]?id|[-_]?token)?|jwt|bearer|user|user(?:[-_]?id|name|info)|logged[-_]?in|email|"
    r"account(?:[-_]?id)?|signature)$"
)
STORES = pattern(r"(?i)(?:header|cookie|session|metadata|environ|\bmeta\b|\bctx\b|request_context)")
SESSIONS = pattern(r"(?i)(?:cookie|session)")
"""What headers, cookies and sessions are called: only there do ``SESSION_KEYS`` tell who is calling."""

PARAMETERS = pattern(
    r"^(?:authorization|auth|auth_header|x_[a-z_]*(?:token|key|auth|user|signature)[a-z_]*|api_?key|token|access_token|"
    r"jwt|credentials|current_user|current_\w*user|claims|token_data|token_payload|user_info|principal|identity|"
    r"\w*signature)$"
)

REFUSALS = pattern(
    r"(?:Unauthori[sz]ed\w*|Unauthenticated\w*|NotAuthenticated|Authentication(?:Failed|Required|Error|Exception)|"
    r"NotAuthori[sz]ed\w*|InvalidToken\w*|(?:Invalid|Bad|Missing)Credentials?\w*|Credentials?(?:Error|Exception)|"
    r"Auth(?:Error|Exception|Failed)|NoAuthorizationError|MissingToken\w*|LoginRequired\w*)(?:Error|Exception|Response)?$"
)
"""Exceptions and answers that say: I do not know you."""

FORBIDDALS = pattern(
    r"(?:Forbidden|PermissionDenied|AccessDenied|NotPermitted|PermissionError)(?:Error|Exception)?\w*$"
)

UNAUTHENTICATED = pattern(r"(?:^|[._])(?:401|HTTP_401\w*|UNAUTHORIZED|UNAUTHENTICATED)$")
FORBIDDEN = pattern(r"(?:^|[._])(?:403|HTTP_403\w*|FORBIDDEN|PERMISSION_DENIED)$")

PERMISSIVE = names("AllowAny AllowAnyPermission NoPermission Public IsPublic AllowAll")
"""Permission classes that let everybody in (https://www.django-rest-framework.org/api-guide/permissions/)."""
