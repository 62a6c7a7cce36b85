"""Routes of this app's REST, below ``/api/v1``."""

from django.urls import path

from realtime import api

urlpatterns = [path("conversations/<uuid:pk>/stream", api.StreamView.as_view())]
