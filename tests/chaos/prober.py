"""Somebody who sends over REST all the time, each message until it is acked."""

import asyncio

import httpx

from tests.chaos.crowd import clock
from tests.chaos.history import Ack, History, Invoke

PATIENCE = httpx.Timeout(30)


class Prober:
    """Notes when sends pass, how refusals look, and which of them are not what a busy server may say."""

    def __init__(self, history: History, url: str, conversation: str, person: dict[str, str]) -> None:
        self.accepted_at: list[float] = []
        self.refusals: list[str] = []
        self.odd: list[str] = []
        self._history, self._conversation, self._person = history, conversation, person
        self._path = f"{url}/api/v1/conversations/{conversation}/messages"

    async def run(self) -> None:
        """Go on until cancelled."""
        headers = {"Authorization": f"Bearer {self._person['access']}"}
        async with httpx.AsyncClient(headers=headers, timeout=PATIENCE) as rest:
            number = 0
            while True:
                number += 1
                key, content = f"probe-{number}", f"probe {number}"
                self._history.invokes.append(Invoke(clock(), self._conversation, self._person["id"], key, content))
                while not await self._post(rest, key, content):  # noqa: ASYNC110 - a retry
                    await asyncio.sleep(0.2)
                await asyncio.sleep(0.1)

    async def _post(self, rest: httpx.AsyncClient, key: str, content: str) -> bool:
        try:
            answer = await rest.post(self._path, json={"content": content, "message_id": key})
        except httpx.TransportError as error:
            self.odd.append(type(error).__name__)
            return False
        if answer.status_code in {200, 201}:
            now = clock()
            self.accepted_at.append(now)
            number = answer.json()["sequence_id"]
            self._history.acks.append(Ack(now, self._conversation, self._person["id"], key, number))
            return True
        problem = answer.json()
        kind = f"{answer.status_code} {problem.get('code')}"
        self.refusals.append(kind)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or not problem.get("retry_after"):
            self.odd.append(kind)
        return False
