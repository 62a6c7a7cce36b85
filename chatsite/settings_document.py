"""The page of everything that an operator may set: variables of the environment, and each app's ``CHAT_*`` settings."""

import importlib
import importlib.util
from typing import Any, NamedTuple

from participants.settings import Setting, declared

APPS = ("participants", "conversations", "realtime", "agents", "chatsite")


class Variable(NamedTuple):
    """One variable of the environment."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("BIND", "`127.0.0.1`", "address to listen on"),
    Variable("PORT", "`8000`", "port to listen on"),
    Variable("PUBLIC_URL", "`http://BIND:PORT`", "how people reach the site; https turns on Secure cookies and HSTS"),
    Variable("ALLOWED_HOSTS", "from `PUBLIC_URL`", "host names that requests may name, comma-separated"),
    Variable("ALLOWED_ORIGINS", "from `PUBLIC_URL`", "origins whose pages may open sockets with the session cookie"),
    Variable("ADMIN_PATH", "`admin/`", "where the admin is"),
    Variable("DATABASE_URL", "`sqlite:///var/db.sqlite3`", "the database: `sqlite:///…` or `postgres://…`"),
    Variable("DATABASE_POOL", "`12`", "most PostgreSQL connections of one process"),
    Variable("REDIS_URL", "unset", "unset: in memory, one process; several, comma-separated: shards"),
    Variable("REDIS_PREFIX", "`chat`", "what all names in Redis begin with"),
    Variable("CHANNEL_LAYER_KEYS", "unset", "keys that encrypt what goes through Redis, comma-separated"),
    Variable("WEB_CONCURRENCY", "`1`", "server processes"),
    Variable("ASGI_SERVER", "`uvicorn`", "`uvicorn`, or `daphne` for development"),
    Variable("AGENTS", "`inline`", "`inline` in the server, `worker` in processes of their own, or `off`"),
    Variable("OPENROUTER_API_KEY", "unset", "key of agents with the provider `openrouter` that name no other variable"),
    Variable("DEBUG", "`off`", "development: error pages with details, a key that is no secret"),
    Variable("SECRET_KEY", "kept by `./script/server`", "the key that sessions and derived keys rest on"),
    Variable("SECRET_KEY_FALLBACKS", "unset", "former keys that still open what they signed, comma-separated"),
    Variable("JWT_SIGNING_KEY", "derived from `SECRET_KEY`", "key of access and refresh tokens"),
    Variable("ACCESS_TOKEN_SECONDS", "`900`", "life of an access token"),
    Variable("REFRESH_TOKEN_DAYS", "`30`", "life of a refresh token that is not used"),
    Variable("REGISTRATION", "`on`", "anyone may register (also as `CHAT_REGISTRATION`)"),
    Variable("EMAIL_URL", "`consolemail://`", "how mail is sent, as `smtp+tls://user:password@host:587`"),
    Variable("EMAIL_FROM", "`chat@` the public host", "sender of mail"),
    Variable("SIGN_IN_PROVIDERS", "unset", "providers to sign in with, a JSON list (see `chatsite/providers.py`)"),
    Variable("METRICS_TOKEN", "unset", "bearer token that opens `/metrics` and the details of `/health/chat`"),
    Variable("LOG_LEVEL", "`INFO`", "least severity that is logged"),
    Variable("LOG_FORMAT", "`json`", "`json`, or `text` for people"),
    Variable("MEDIA_ROOT", "`VAR_DIR/files`", "folder of uploaded files"),
    Variable("FILE_STORAGE", "local files", "Django storage of uploads, as `storages.backends.s3.S3Storage`"),
    Variable("FILE_STORAGE_OPTIONS", "`{}`", 'its options as JSON, as `{"bucket_name": "chat"}`'),
    Variable("VAR_DIR", "`var`", "folder of what is not in the tree: database, key, files"),
    Variable("CHAT_DEMO", "`on`", "make an admin and a demo conversation on the first start"),
)


def render(template: str) -> str:
    """The page."""
    variables = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in VARIABLES]
    return template.replace("{{variables}}", table("variable", variables)).replace(
        "{{settings}}", "\n".join(section(app) for app in APPS if importlib.util.find_spec(f"{app}.conf")).strip()
    )


def section(app: str) -> str:
    """The settings of one app, as its ``conf.py`` declares them."""
    conf: Any = type(importlib.import_module(f"{app}.conf").conf)
    rows = [setting_row(setting) for setting in declared(conf)]
    return f"### {app}\n\n{conf.__doc__}\n\n{table('setting', rows)}\n"


def setting_row(setting: Setting[Any]) -> str:
    """One line of the table."""
    default = setting.default
    text = ("on" if default else "off") if isinstance(default, bool) else str(default)
    return f"| `{setting.name}` | `{text}` | {setting.meaning} |"


def table(what: str, rows: list[str]) -> str:
    """A table with a default and a meaning."""
    return "\n".join([f"| {what} | default | meaning |", "|---|---|---|", *rows])
