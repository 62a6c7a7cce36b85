"""The consumer of the tutorial's third part: one group a room, and each message saved before it is passed on."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from benchmarks.tutorial.chat.models import Message


class ChatConsumer(AsyncWebsocketConsumer):
    """One socket in one room. Senders know by their own key that a message was saved: it comes back to them."""

    async def connect(self) -> None:
        """Join the room of the address."""
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.name = self.scope["url_route"]["kwargs"]["name"]
        self.group = f"chat_{self.room}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave it."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Save, and pass on to the group."""
        received = json.loads(text_data or "{}")
        saved = await self.save(received["message"])
        event = {"type": "chat.message", "id": saved, "key": received["key"], "sender": self.name}
        await self.channel_layer.group_send(self.group, event | {"message": received["message"]})

    async def chat_message(self, event: dict[str, Any]) -> None:
        """One message of the group."""
        fields = {name: event[name] for name in ("id", "key", "sender", "message")}
        await self.send(text_data=json.dumps({"type": "message"} | fields))

    @database_sync_to_async
    def save(self, text: str) -> int:
        """Store a message; returns its id."""
        return int(Message.objects.create(room=self.room, sender=self.name, text=text).pk)
