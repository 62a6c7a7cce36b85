"""Pytest plugin: the environment of the tests, decided before Django reads its settings.

Engines come from DATABASE_URL and REDIS_URL; everything else that an operator may have set is taken away.
"""

import os
import secrets

PRODUCT_VARIABLES = frozenset(
    [
        "ACCESS_TOKEN_SECONDS",
        "ADMIN_PATH",
        "AGENTS",
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "ASGI_SERVER",
        "BIND",
        "CHANNEL_LAYER_KEYS",
        "DATABASE_POOL",
        "DEBUG",
        "EMAIL_FROM",
        "EMAIL_URL",
        "JWT_SIGNING_KEY",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "PORT",
        "PUBLIC_URL",
        "REDIS_PREFIX",
        "REFRESH_TOKEN_DAYS",
        "REGISTRATION",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "SIGN_IN_PROVIDERS",
        "VAR_DIR",
        "WEB_CONCURRENCY",
    ]
)


def is_product_variable(name: str) -> bool:
    """Tell whether a variable configures the product, engines apart."""
    return name in PRODUCT_VARIABLES or name.startswith("CHAT_")


for _name in list(filter(is_product_variable, os.environ)):
    del os.environ[_name]
os.environ["SECRET_KEY"] = secrets.token_urlsafe(64)
os.environ["CHAT_RATE_LIMITS"] = "off"  # tests of limits turn them on
# Each pytest process has names of its own in a Redis that several share.
os.environ["REDIS_PREFIX"] = f"test-{secrets.token_hex(4)}"
