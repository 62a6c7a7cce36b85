"""Routes of the pages of this app."""

from django.urls import path

from conversations import entry_views, live_views, message_views, views
from conversations import management_views as management

urlpatterns = [
    path("conversations", views.ConversationListView.as_view(), name="conversation-list"),
    path("explore", views.ExploreView.as_view(), name="explore"),
    path("c/<uuid:conversation_id>", views.ConversationView.as_view(), name="conversation"),
    path("c/<uuid:conversation_id>/send", views.SendView.as_view(), name="conversation-send"),
    path("c/<uuid:conversation_id>/join", views.JoinView.as_view(), name="conversation-join"),
    path("c/<uuid:conversation_id>/leave", views.LeaveView.as_view(), name="conversation-leave"),
    path("c/<uuid:conversation_id>/read", views.ReadView.as_view(), name="conversation-read"),
    path("c/<uuid:conversation_id>/standing", management.StandingView.as_view(), name="conversation-standing"),
    path("c/<uuid:conversation_id>/m/<uuid:message_id>", message_views.MessagePage.as_view(), name="message"),
    path("c/<uuid:conversation_id>/attachments", message_views.AttachView.as_view(), name="conversation-attach"),
    path("c/<uuid:conversation_id>/timeline", live_views.TimelineView.as_view(), name="conversation-timeline"),
    path("c/<uuid:conversation_id>/preview", live_views.PreviewView.as_view(), name="conversation-preview"),
    path("search", message_views.SearchPage.as_view(), name="search"),
    # running it
    path("c/<uuid:conversation_id>/settings", management.SettingsView.as_view(), name="conversation-settings"),
    path("c/<uuid:conversation_id>/switch", management.SwitchView.as_view(), name="conversation-switch"),
    path("c/<uuid:conversation_id>/invitations", management.InvitationsView.as_view(), name="conversation-invitations"),
    path(
        "c/<uuid:conversation_id>/invitations/<uuid:invitation_id>/revoke",
        management.InvitationRevokeView.as_view(),
        name="conversation-invitation-revoke",
    ),
    path(
        "c/<uuid:conversation_id>/participants", management.ParticipantsView.as_view(), name="conversation-participants"
    ),
    *(
        path(
            f"c/<uuid:conversation_id>/participants/<uuid:participant_id>/{deed}",
            management.ParticipantView.as_view(),
            {"deed": deed},
            name=f"conversation-participant-{deed}",
        )
        for deed in management.DEEDS
    ),
    # coming in
    path("i/<str:token>", entry_views.InvitationPage.as_view(), name="invitation"),
    path("i/<str:token>/guest", entry_views.GuestPage.as_view(), name="invitation-guest"),
]
