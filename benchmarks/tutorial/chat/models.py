"""What is kept."""

from django.db import models


class Message(models.Model):
    """One message of a room."""

    room = models.CharField(max_length=100, db_index=True)
    sender = models.CharField(max_length=100)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "chat"

    def __str__(self) -> str:
        return f"{self.sender}: {self.text}"
