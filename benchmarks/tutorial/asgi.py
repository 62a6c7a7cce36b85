"""The ASGI application that Daphne serves."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.tutorial.settings")
pages = get_asgi_application()

from benchmarks.tutorial.chat.routing import websocket_urlpatterns  # noqa: E402 - needs the app registry

application = ProtocolTypeRouter({"http": pages, "websocket": URLRouter(websocket_urlpatterns)})
