"""Routes of this app's REST: below ``/api/v1``, and the short ``/chat`` paths to the same views."""

from typing import Any

from django.urls import path

from conversations import api, attachment_api, entry_api, export_api, message_api, search_api

LEAVE: dict[str, Any] = {"delete": "leave", "post": "leave"}
conversations = api.ConversationViewSet.as_view

urlpatterns = [
    path("conversations", conversations({"get": "list", "post": "create"})),
    path(
        "conversations/<uuid:pk>",
        conversations({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("conversations/<uuid:pk>/join", conversations({"post": "join"})),
    path("conversations/<uuid:pk>/leave", conversations(LEAVE)),
    path("conversations/<uuid:pk>/read", conversations({"post": "read"})),
    path("conversations/<uuid:pk>/messages", api.MessageViewSet.as_view({"get": "list", "post": "create"})),
    path("conversations/<uuid:pk>/events", api.EventListView.as_view()),
    path("conversations/<uuid:pk>/participants", api.MemberViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "conversations/<uuid:pk>/participants/<uuid:participant_id>",
        api.MemberViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
    ),
    path("conversations/<uuid:pk>/bans/<uuid:participant_id>", entry_api.BanView.as_view()),
    path("conversations/<uuid:pk>/mutes/<uuid:participant_id>", entry_api.MuteView.as_view()),
    path(
        "conversations/<uuid:pk>/invitations",
        entry_api.InvitationViewSet.as_view({"get": "list", "post": "create"}),
    ),
    path(
        "conversations/<uuid:pk>/invitations/<uuid:invitation_id>",
        entry_api.InvitationViewSet.as_view({"delete": "destroy"}),
    ),
    path("invitations/<str:token>", entry_api.InvitationPreviewView.as_view()),
    path("invitations/<str:token>/accept", entry_api.InvitationAcceptView.as_view()),
    path("auth/guest", entry_api.GuestView.as_view()),
    path("conversations/<uuid:pk>/attachments", attachment_api.AttachmentListView.as_view()),
    path("attachments/<uuid:attachment_id>", attachment_api.AttachmentView.as_view(), name="attachment"),
    path(
        "attachments/<uuid:attachment_id>/thumbnail",
        attachment_api.ThumbnailView.as_view(),
        name="thumbnail",
    ),
    path("conversations/import", export_api.ImportView.as_view()),
    path("conversations/<uuid:pk>/export", export_api.ExportView.as_view()),
    path("me/export", export_api.OwnDataView.as_view()),
    path("conversations/<uuid:pk>/draft", attachment_api.DraftView.as_view()),
    path("conversations/<uuid:pk>/stats", attachment_api.ConversationFiguresView.as_view()),
    path("stats", attachment_api.SiteFiguresView.as_view()),
    path("search", search_api.SearchView.as_view()),
    path("messages/<uuid:message_id>", api.MessageView.as_view()),
    path("messages/<uuid:message_id>/thread", message_api.ThreadView.as_view()),
    path("messages/<uuid:message_id>/revisions", message_api.RevisionListView.as_view()),
    path("messages/<uuid:message_id>/reactions/<str:emoji>", message_api.ReactionView.as_view()),
    path("messages/<uuid:message_id>/pin", message_api.PinView.as_view()),
    path("conversations/<uuid:pk>/pins", message_api.PinListView.as_view()),
]

short_urlpatterns = [
    path("create", api.ShortConversationViewSet.as_view({"post": "create"})),
    path("my-conversations", conversations({"get": "list"})),
    path("conversations/<uuid:pk>", conversations({"get": "retrieve"})),
    path("<uuid:pk>/join", conversations({"post": "join"})),
    path("<uuid:pk>/leave", conversations(LEAVE)),
]
