"""Whether a value is a secret: the decision itself, without any file."""

from __future__ import annotations

import pytest

from archlint.model.secrets.value import MASK, expand, find_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "password"),
        ("RABBITMQ_DEFAULT_PASS", "guest"),
        ("POSTGRES_PASSWORD", 1234),
        ("orderDBPassword", "password"),
        ("PGPASSWORD", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz"),
        ("DATABASE_URL", "postgresql://dbuser:dbpass@postgres/db"),
        ("REDIS_URL", "redis://:s3cret@redis:6379/0"),
        ("STORAGE", "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=abcd1234=="),
        ("dsn", "host=db user=shop password=hunter2 dbname=shop"),
        ("anything", "AKIAIOSFODNN7ABCDEFG"),
        ("anything", "ghp_" + "a1B2c3" * 6),
        ("JWT_SECRET", "changeme"),
    ],
)
def test_a_credential_is_a_secret_however_weak(name: str, value: object) -> None:
    assert find_secret(name, value) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "DB_PASSWORD"),
        ("DB_PASSWORD", "changeme"),
        ("API_KEY", "your-api-key-here"),
        ("PASSWORD", "<password>"),
        ("PASSWORD_FILE", "/run/secrets/db"),
        ("SECRETS_DIR", "/run/secrets"),
        ("DB_SECRET_NAME", "orders-db"),
        ("existingSecret", "orders-db"),
        ("spec.data.0.secretKey", "DATABASE_URL"),
        ("db_password", "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)"),
        ("queueURLSecretKey", "ORDER_EVENTS_QUEUE_URL"),
        ("DB_SECRET", "prod/orders/password"),
        ("TOKEN_EXPIRY_SECONDS", "3600"),
        ("ACCESS_TOKEN_EXPIRE", "15m"),
        ("TOKEN_URL", "https://auth.example.com/token"),
        ("page_token", "abcdef"),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
        ("PUBLIC_KEY", "MFkwEwYHKoZIzj0CAQYI"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("DATABASE_URL", "postgres://shop:${PASSWORD}@db/shop"),
        ("DATABASE_URL", "mongodb://db:27017/shop"),
        ("sqlalchemy.url", "driver://user:pass@localhost/dbname"),
        ("allow_credentials", "true"),
        ("password_min_length", 8),
    ],
)
def test_references_placeholders_and_names_are_no_secrets(name: str, value: object) -> None:
    assert find_secret(name, value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "password"),
        ("password", "Password is required"),
        ("token", "access_token"),
        ("api_key", "X-API-Key"),
        ("api_key", "OPENAI_API_KEY"),
        ("api_key", "EMPTY"),
        ("SECRET", "secret"),
    ],
)
def test_words_about_credentials_in_program_text_are_no_secrets(name: str, value: str) -> None:
    assert find_secret(name, value, is_source=True) is None


def test_a_secret_never_keeps_its_value() -> None:
    found = find_secret("DB_PASSWORD", "s3cr3t-Orders")
    assert found is not None
    assert found.hint == "s3… (13 characters)"
    assert "cr3t" not in repr(found)


def test_a_reference_with_a_default_is_its_default_where_nothing_sets_the_key() -> None:
    text = "amqp://${USER:guest}:${PASSWORD:-secret}@${HOST}"
    assert expand(text, lambda key: key != "PASSWORD") == f"amqp://guest:{MASK}@{MASK}"


def test_a_resolver_before_the_colon_gives_no_default() -> None:
    assert expand("${env:POSTGRES_PASSWORD}", lambda _: True) == MASK
