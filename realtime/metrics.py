"""What an operator can watch of live delivery."""

from prometheus_client import Counter, Gauge

acks = Counter("chat_acks_total", "Messages acknowledged over sockets")
deliveries = Counter("chat_deliveries_total", "Entries handed to sockets")
hole_repairs = Counter("chat_hole_repairs_total", "Times the log was read because an entry was missing")
position_repairs = Counter("chat_position_repairs_total", "Conversations found behind the log by the position check")
refusals = Counter("chat_refusals_total", "Commands, frames and handshakes refused", ["code"])
layer_errors = Counter("chat_layer_errors_total", "Channel-layer calls that failed", ["call"])
layer_recoveries = Counter("chat_layer_recoveries_total", "Times a host of the channel layer was heard again")
news_dropped = Counter("chat_news_dropped_total", "News lost to a full queue or a deaf channel layer")
sockets = Gauge("chat_sockets", "Open sockets", multiprocess_mode="livesum")
conversations = Gauge("chat_followed_conversations", "Conversations with a local reader", multiprocess_mode="livesum")
queue_depth = Gauge("chat_queue_depth", "Commands waiting for or in the database", multiprocess_mode="livesum")
closes = Counter("chat_closes_total", "Sockets closed by the server", ["code"])
