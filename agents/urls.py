"""Routes of this app's REST, below ``/api/v1``."""

from django.urls import path

from agents import api

urlpatterns = [
    path("agents", api.AgentListView.as_view()),
    path("conversations/<uuid:pk>/agents", api.MemberAgentViewSet.as_view({"get": "list", "post": "create"})),
    path("conversations/<uuid:pk>/agents/<uuid:agent_id>", api.MemberAgentViewSet.as_view({"delete": "destroy"})),
    path("conversations/<uuid:pk>/runs", api.RunViewSet.as_view({"get": "list", "post": "create"})),
    path("runs/<uuid:run_id>", api.RunView.as_view()),
    path("runs/<uuid:run_id>/cancel", api.CancelView.as_view()),
]
