"""The one socket route."""

from typing import Any

from django.urls import re_path

from benchmarks.tutorial.chat.consumers import ChatConsumer

consumer: Any = ChatConsumer.as_asgi()

websocket_urlpatterns = [re_path(r"^ws/chat/(?P<room>\w+)/(?P<name>\w+)/$", consumer)]
