"""The link of a process to the channel layer: ONE channel, its groups, what goes out, and whether anything comes back.

The layer may drop, reorder, repeat or be down: what is lost here is found in the log. So every call is guarded and
bounded in time, and nobody but the tasks of the link waits for one.

A subscription can be lost without an error (a Redis that was replaced, a line cut in silence). So the link sends itself
a *probe* through each host of the layer; where none comes back, that host's connections are dropped and its groups
joined anew, until one does. Meanwhile news for that host is not queued: its readers find it by position.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from channels.layers import get_channel_layer

from conversations import publish
from conversations.publish import Encoded, Entries, News
from realtime import metrics
from realtime.conf import conf

logger = logging.getLogger(__name__)

BATCH = 200
ECHO_SECONDS = 3.0
TURN = 50  # messages taken before others on the loop have theirs


class Inbox(asyncio.Queue[Any]):
    """What came from the layer and waits to be read; full, the oldest goes: whoever needed it finds it in the log."""

    def put_nowait(self, item: Any) -> None:
        """Add ``item``; never raises QueueFull."""
        if self.full():
            self.get_nowait()
            metrics.news_dropped.inc()
        super().put_nowait(item)


class Host:
    """One host of the layer. ``term`` counts its connections: what was joined in an earlier one is not joined."""

    def __init__(self, connection: Any, probe_group: str) -> None:
        self.connection = connection
        self.probe_group = probe_group
        self.is_up = True
        self.term = 1
        self.doubted = asyncio.Event()
        self.echo = asyncio.Event()
        self.probes = 0

    async def renew(self) -> None:
        """Drop its connections; the next call makes new ones."""
        self.term += 1
        if self.connection is not None:
            await self.connection.flush()


def hosts_of(layer: Any, process: str) -> tuple[list[Host], Callable[[str], Host]]:
    """The hosts of a layer, each with a group that lies on it, and which host a group is on.

    channels_redis says neither in public; its version is pinned.
    """
    connections = getattr(layer, "_shards", None)
    if connections is None:  # in memory
        alone = Host(None, f"probe.{process}")
        return [alone], lambda group: alone

    def connection_of(group: str) -> Any:
        return layer._get_shard(layer._get_group_channel_name(group))

    hosts: dict[int, Host] = {}
    number = 0
    while len(hosts) < len(connections):
        group = f"probe.{process}.{number}"
        connection = connection_of(group)
        hosts.setdefault(id(connection), Host(connection, group))
        number += 1
    return list(hosts.values()), lambda group: hosts[id(connection_of(group))]


class LayerLink:
    """See the module. ``take`` gets news of other processes, ``wanted`` gives the groups to be in, and ``rejoined``
    is called when groups were joined: what came before that is in the log. All on the event loop.
    """

    def __init__(
        self,
        process: str,
        *,
        take: Callable[[News], None],
        wanted: Callable[[], Iterable[str]],
        rejoined: Callable[[], None],
    ) -> None:
        self.process = process
        self._take = take
        self._wanted = wanted
        self._rejoined = rejoined
        self._channel = f"hub.{process}"
        self._joined: dict[str, int] = {}  # group -> the term of its host in which it was joined

    def start(self, own: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        """Start on the running loop; ``own`` runs each task."""
        self._outgoing: asyncio.Queue[News] = asyncio.Queue(conf.publish_queue)
        self._regroup = asyncio.Event()
        self._layer = get_channel_layer()
        self.hosts, self._host_of = hosts_of(self._layer, self.process)
        if self.hosts[0].connection is not None:  # our own queue is bounded, and needs no subscription of the channel
            self._layer.channels[self._channel] = Inbox(conf.publish_queue)
        own(self._receive())
        own(self._publish())
        own(self._follow_groups())
        for host in self.hosts:
            own(self._watch(host))
        self.regroup()

    @property
    def is_up(self) -> bool:
        """Whether what this process sends through the layer comes back."""
        return all(host.is_up for host in self.hosts)

    # --- out ----------------------------------------------------------------------------------------------------------

    def send(self, news: News) -> None:
        """Queue news for the other processes; where too much waits the oldest goes. A layer in memory reaches none."""
        if self.hosts[0].connection is None:
            return
        if self._outgoing.full():
            self._outgoing.get_nowait()
            metrics.news_dropped.inc()
        self._outgoing.put_nowait(news)

    async def _publish(self) -> None:
        """Give news to the layer; what waits together for a conversation goes together."""
        while True:
            batch = [await self._outgoing.get()]
            while not self._outgoing.empty() and len(batch) < BATCH:
                batch.append(self._outgoing.get_nowait())
            for news in joined(batch):
                await self._give(publish.group_of(news), news.message())

    async def _give(self, group: str, message: dict[str, Any]) -> None:
        host = self._host_of(group)
        if not host.is_up:
            metrics.news_dropped.inc()
        elif not await self._guarded("group_send", self._layer.group_send(group, message | {"process": self.process})):
            host.doubted.set()

    async def _guarded(self, call: str, work: Awaitable[None]) -> bool:
        """Await a call of the layer, with a bound in time; whether it succeeded."""
        try:
            async with asyncio.timeout(conf.layer_seconds):
                await work
        except Exception as error:  # noqa: BLE001 - layers raise what their stores raise; nothing depends on them
            metrics.layer_errors.labels(call).inc()
            logger.warning("channel layer failed", extra={"call": call, "error": type(error).__name__})
            return False
        return True

    # --- in -----------------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        """The one reader of the channel. Never cancelled by a timeout: that would delete the channel."""
        taken = 0
        while True:
            try:
                message = await self._layer.receive(self._channel)
                self._read(message)
            except Exception as error:  # noqa: BLE001 - as above; and a message from a newer version may be anything
                metrics.layer_errors.labels("receive").inc()
                logger.warning("channel layer failed", extra={"call": "receive", "error": type(error).__name__})
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            taken += 1
            if taken % TURN == 0:  # a queue that is not empty never gives way
                await asyncio.sleep(0)

    def _read(self, message: dict[str, Any]) -> None:
        if message.pop("process", None) != self.process:
            self._take(publish.news_of(message))
        elif "probe" in message:
            group, number = message["probe"]
            host = self._host_of(group)
            if number == host.probes:
                host.echo.set()

    # --- groups -------------------------------------------------------------------------------------------------------

    def regroup(self) -> None:
        """The wanted groups have changed."""
        self._regroup.set()

    async def _follow_groups(self) -> None:
        while True:
            await self._regroup.wait()
            self._regroup.clear()
            wanted = {publish.EVERY_PROCESS, *self._wanted()}
            for group in self._joined.keys() - wanted:
                await self._leave(group)
            new = [group for group in wanted if not self._is_joined(group)]
            if [group for group in new if await self._join(group)]:
                self._rejoined()

    def _is_joined(self, group: str) -> bool:
        return self._joined.get(group) == self._host_of(group).term

    async def _join(self, group: str) -> bool:
        host = self._host_of(group)
        term = host.term
        if not host.is_up:  # its groups are joined when it is up again
            return False
        if not await self._guarded("group_add", self._layer.group_add(group, self._channel)):
            host.doubted.set()
            return False
        self._joined[group] = term
        return True

    async def _leave(self, group: str) -> None:
        if self._host_of(group).is_up:
            del self._joined[group]
            await self._guarded("group_discard", self._layer.group_discard(group, self._channel))

    # --- probes -------------------------------------------------------------------------------------------------------

    async def _watch(self, host: Host) -> None:
        """Probe one host for ever; renew its connections until it answers."""
        await self._guarded("group_add", self._layer.group_add(host.probe_group, self._channel))
        while True:
            period = conf.probe_seconds if host.is_up else conf.probe_seconds / 2
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(period * random.uniform(0.8, 1.0)):  # noqa: S311 - no secret
                    await host.doubted.wait()
            host.doubted.clear()
            if not (host.is_up and await self._hears(host)):
                await self._recover(host)

    async def _recover(self, host: Host) -> None:
        if host.is_up:
            logger.warning("channel layer is deaf", extra={"host": self.hosts.index(host)})
        host.is_up = False
        if not await self._guarded("renew", host.renew()):
            return
        if not await self._guarded("group_add", self._layer.group_add(host.probe_group, self._channel)):
            return
        if await self._hears(host):
            host.is_up = True
            metrics.layer_recoveries.inc()
            logger.warning("channel layer is back", extra={"host": self.hosts.index(host)})
            self.regroup()

    async def _hears(self, host: Host) -> bool:
        """Whether a probe comes back in time."""
        host.probes += 1
        host.echo.clear()
        probe = {"type": publish.CONTROL, "process": self.process, "probe": [host.probe_group, host.probes]}
        if not await self._guarded("group_send", self._layer.group_send(host.probe_group, probe)):
            return False
        try:
            async with asyncio.timeout(ECHO_SECONDS):
                await host.echo.wait()
        except TimeoutError:
            metrics.layer_errors.labels("probe").inc()
            return False
        return True


def joined(batch: Iterable[News]) -> list[News]:
    """Entries of one conversation as one piece of news, at the place of the first; the rest as it is."""
    entries: dict[Any, list[Encoded]] = {}
    result: list[News] = []
    for news in batch:
        if isinstance(news, Entries):
            if news.conversation not in entries:
                entries[news.conversation] = []
                result.append(Entries(news.conversation, entries[news.conversation]))
            entries[news.conversation].extend(news.entries)
        else:
            result.append(news)
    return result
