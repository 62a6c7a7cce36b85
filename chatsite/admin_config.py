"""Django's admin with a site of our own (``INSTALLED_APPS``)."""

from django.contrib.admin.apps import AdminConfig


class ChatAdminConfig(AdminConfig):
    """The admin."""

    default_site = "chatsite.admin_site.ChatAdminSite"
