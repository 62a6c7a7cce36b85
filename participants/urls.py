"""Routes of this app's REST, below ``/api/v1``."""

from django.urls import path

from participants import api

urlpatterns = [
    path("auth/register", api.RegisterView.as_view()),
    path("auth/token", api.TokenView.as_view()),
    path("auth/token/refresh", api.TokenRefreshView.as_view()),
    path("auth/logout", api.LogoutView.as_view()),
    path("auth/password", api.PasswordView.as_view()),
    path("auth/ticket", api.TicketView.as_view()),
    path("auth/sessions", api.SignInListView.as_view()),
    path("auth/sessions/<uuid:sign_in_id>", api.SignInView.as_view()),
    path("me", api.MeView.as_view()),
    path("participants", api.ParticipantListView.as_view()),
    path("participants/<uuid:participant_id>", api.ParticipantView.as_view()),
]
