"""Settings. Everything that an operator may change comes from the environment (see the README's table)."""

import hashlib
import hmac
import logging
import os
import sys
from base64 import urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from chatsite import providers, secret_key
from chatsite.paths import BASE_DIR, SECRET_KEY_FILE, VAR_DIR

env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
TESTING = "pytest" in sys.modules

# --- where we are reached -------------------------------------------------------------------------------------------
BIND = env.str("BIND", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://{BIND}:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_loopback_names = ["localhost", "127.0.0.1", "[::1]"] if BIND in {"127.0.0.1", "localhost", "::1"} else []
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=list({_public.hostname or BIND, *_loopback_names}))
ALLOWED_ORIGINS = env.list(
    "ALLOWED_ORIGINS",
    default=list({PUBLIC_URL, *(f"http://{name}:{PORT}" for name in _loopback_names)}),
)
CSRF_TRUSTED_ORIGINS = [origin for origin in ALLOWED_ORIGINS if "://" in origin and "*" not in origin]
SECURE = _public.scheme == "https"
ADMIN_PATH = env.str("ADMIN_PATH", default="admin/").strip("/") + "/"

# --- keys -----------------------------------------------------------------------------------------------------------
SECRET_KEY = secret_key.read(SECRET_KEY_FILE)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if not SECRET_KEY and (DEBUG or TESTING):
    SECRET_KEY = "not-secret:" + "development-only-" * 4
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "No secret key. Start the server once with ./script/server, which makes one, or set SECRET_KEY "
        f"to at least {secret_key.MINIMUM_LENGTH} random characters."
    )


def derived_key(purpose: str, secret: str = SECRET_KEY) -> str:
    """A key of its own for ``purpose`` from the secret key, so that one leaked key does not open the others."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


SIGN_IN_PROVIDERS = providers.parse(env.str("SIGN_IN_PROVIDERS", default=""))

# --- apps -----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # First, as it replaces runserver; only there, as it loads Twisted and installs its reactor (0.4 s a start).
    *(["daphne"] if "runserver" in sys.argv else []),
    "chatsite.admin_config.ChatAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *SIGN_IN_PROVIDERS.apps,
    "participants",
    "conversations",
    "realtime",
    "agents",
    "chatsite",
]
MIDDLEWARE = [
    "chatsite.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "chatsite.middleware.HeadersMiddleware",
    "chatsite.middleware.PathMiddleware",
    "chatsite.middleware.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "participants.middleware.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatsite.look.look",
                "conversations.sidebar.sidebar",
            ],
        },
    },
]

# --- engines: chosen by URL -------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
_database = DATABASES["default"]
if "sqlite" in _database["ENGINE"]:
    _database["ENGINE"] = "chatsite.sqlite"
    Path(_database["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # all that was ever said is in it
    _database["OPTIONS"] = {
        # BEGIN IMMEDIATE: a deferred transaction that turns into a writer fails at once, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # A checkpoint copies pages back and flushes twice: every 16 MiB of the log ahead, not every 4, a batch or two.
        "init_command": (
            "PRAGMA synchronous=FULL; PRAGMA cache_size=-8000; PRAGMA temp_store=MEMORY;"
            "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864;"
        ),
    }
    _database["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
else:
    _database["OPTIONS"] = {
        "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL", default=12), "timeout": 10},
        "options": "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=15000",
    }
# PostgreSQL has its pool. An SQLite connection stays with its thread, of which there is a bounded number.
_database["CONN_MAX_AGE"] = None if "sqlite" in _database["ENGINE"] else 0
_database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URLS = [url.strip() for url in env.str("REDIS_URL", default="").split(",") if url.strip()]
REDIS_PREFIX = env.str("REDIS_PREFIX", default="chat")
if REDIS_URLS:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                # The socket timeout bounds a Redis that swallows packets.
                "hosts": [{"address": url, "socket_timeout": 5, "socket_connect_timeout": 2} for url in REDIS_URLS],
                "prefix": REDIS_PREFIX,
                "symmetric_encryption_keys": env.list("CHANNEL_LAYER_KEYS", default=[]),
            },
        }
    }
else:
    # One process only (realtime.E001). The layer's own defaults drop messages past 100 and groups after a day.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 100_000, "group_expiry": 10 * 365 * 86_400},
        }
    }

# What allauth keeps here decides over sign-ins (codes that were used, its pages' limits): it has to be the same for all
# processes and there without Redis. It is asked for a few times a sign-in, by nothing else.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "participants_cacheentry",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", default=1)
AGENTS = env.str("AGENTS", default="inline")

# --- who you are ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "participants.Participant"
AUTHENTICATION_BACKENDS = ["participants.backends.ParticipantBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "conversation-list"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validators = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validators}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validators}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": f"{_validators}.NumericPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
CSRF_FAILURE_VIEW = "chatsite.errors.csrf_failure"

# The pages' sign-in is django-allauth's, on the services and limits that the API has (participants/adapters.py).
ACCOUNT_ADAPTER = "participants.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("CHAT_EMAIL_VERIFICATION", default="optional")
if ACCOUNT_EMAIL_VERIFICATION not in {"mandatory", "optional", "none"}:
    raise ImproperlyConfigured("CHAT_EMAIL_VERIFICATION is mandatory, optional or none.")
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to addresses that nobody here gave us
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
# Sign-ins have one limiter, participants.limits; allauth keeps its own for what only its pages do.
_limits_are_off = env.str("CHAT_RATE_LIMITS", default="on").lower() in {"off", "false", "0", "no"}
ACCOUNT_RATE_LIMITS: Any = False if _limits_are_off else {"login": None, "login_failed": None, "reauthenticate": None}
ACCOUNT_FORMS = {"change_password": "participants.account_forms.ChangePasswordForm"}
MFA_ADAPTER = "participants.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address is not needed for an account
MFA_FORMS = {
    "authenticate": "participants.account_forms.AuthenticateForm",
    "reauthenticate": "participants.account_forms.ReauthenticateForm",
}
MFA_ENCRYPTION_KEYS = [
    urlsafe_b64encode(bytes.fromhex(derived_key("mfa", key))) for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)
]
SOCIALACCOUNT_ADAPTER = "participants.adapters.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = SIGN_IN_PROVIDERS.options
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # an address that a provider claims opens nobody's account

EMAIL_SETTINGS = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_SETTINGS)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"chat@{_public.hostname or 'localhost'}")

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.int("ACCESS_TOKEN_SECONDS", default=900)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=30)),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": env.str("JWT_SIGNING_KEY", default="") or derived_key("jwt"),
    "AUDIENCE": "chat",
    "ISSUER": "chat",
    "USER_ID_CLAIM": "sub",
}

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "participants.authentication.BearerAuthentication",
        "participants.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["participants.rest.Renderer"],
    "DEFAULT_PARSER_CLASSES": ["participants.rest.Parser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "participants.rest.Negotiation",
    "DEFAULT_THROTTLE_CLASSES": ["participants.throttling.Throttle"],
    "DEFAULT_SCHEMA_CLASS": "participants.schema.Schema",
    "DEFAULT_PAGINATION_CLASS": "participants.rest.Pagination",
    "EXCEPTION_HANDLER": "participants.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chat platform",
    "DESCRIPTION": "People and AI agents talk in conversations; a conversation is an ordered, gap-free, durable log.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "conversations.serializers.ROLE_CHOICES",
        "MessageRoleEnum": "conversations.serializers.MESSAGE_ROLES",
        "MessageStatusEnum": "conversations.serializers.MESSAGE_STATUSES",
        "RunStatusEnum": "agents.serializers.RUN_STATUSES",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- headers and pages ------------------------------------------------------------------------------------------------
# Browsers take no IPv6 address in a policy; there 'self' has to do.
_socket_origins = [origin.replace("http", "ws", 1) for origin in ALLOWED_ORIGINS if "[" not in origin]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *_socket_origins],
        "form-action": [SELF, *SIGN_IN_PROVIDERS.origins],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = False  # the proxy's work; a redirect here would break health checks
SILENCED_SYSTEM_CHECKS = [
    "models.W040",  # on SQLite conversations.indexes puts the further columns of an index into its key
    "security.W008",
    "auth.W004",  # usernames are unique whatever their case, by a constraint that this check does not read
]
if SECURE:
    SECURE_HSTS_SECONDS = 365 * 86_400
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(VAR_DIR / "files"))  # never served as it is: access is asked for
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step: the server serves what is in the tree
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {
        "BACKEND": env.str("FILE_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("FILE_STORAGE_OPTIONS", default={}),
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- logs -------------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", default="json")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "chatsite.logging.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request: its end
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# --- the product's own settings: CHAT_* of each app's conf.py, each overridable by a variable of the same name --------
CHAT_RATE_LIMITS = env.str("CHAT_RATE_LIMITS", default="on")
CHAT_REGISTRATION = env.str("REGISTRATION", default="on")
globals().update({name: value for name, value in os.environ.items() if name.startswith("CHAT_")})
