"""Settings of the yardstick: what `startproject` and the Channels tutorial leave one with."""

import os
import secrets

import environ

SECRET_KEY = secrets.token_urlsafe(50)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["daphne", "benchmarks.tutorial.chat"]
ASGI_APPLICATION = "benchmarks.tutorial.asgi.application"
DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"])}
# As the product: a connection lives as long as the thread that uses it.
DATABASES["default"]["CONN_MAX_AGE"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": os.environ.get("REDIS_PREFIX", "tutorial")},
    }
}
USE_TZ = True
