/** A conversation, live: ties the socket, the rules of delivery and the page together. */

import { Composer } from "./composer.js";
import { History } from "./history.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { showPending, showState } from "./render.js";
import { Session } from "./session.js";
import { ChatSocket } from "./socket.js";
import { Standing } from "./standing.js";

const READ_MS = 400;
const ENDED = {
  signed_out: "You are signed out.",
  removed: "You are no longer a participant of this conversation.",
  gone: "This conversation is gone.",
  left: "You have left this conversation.",
  broken: "The connection was refused. Reload the page.",
};

const start = JSON.parse(document.getElementById("bootstrap").textContent);
const self = start.participant;
const events = `/api/v1/conversations/${start.conversation_id}/events`;
const main = document.getElementById("main");
const banner = document.getElementById("banner");
const form = document.querySelector("form#composer");

const session = new Session(start.cursor);
const outbox = new Outbox(`${start.conversation_id}:${self.id}`);
const people = new People(self.id);
const standing = new Standing(form, start.standing);
const history = new History({ events, first: start.first_sequence_id, self: self.id, seen: markRead });
const socket = new ChatSocket({ address, receive, changed, askWhy });

// --- the socket ---------------------------------------------------------------------------------------------------------

function address() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/chat/ws/${start.conversation_id}?last_sequence_id=${session.cursor}`;
}

/** A browser is not told why a handshake was refused; the same question over REST is answered. */
async function askWhy() {
  try {
    return (await fetch(`${events}?after=${session.cursor}&limit=1`)).status;
  } catch {
    return 0;
  }
}

function changed(state, reason) {
  main.dataset.connection = state;
  banner.hidden = state === "open";
  banner.textContent = state === "ended" ? `${ENDED[reason]} ` : "Connection lost. Connecting again…";
  if (state !== "ended") return;
  if (form) form.inert = true;
  if (reason === "signed_out") banner.append(link("Sign in", start.sign_in));
  else if (reason !== "broken") banner.append(link("Your conversations", "/conversations"));
}

function link(text, href) {
  return Object.assign(document.createElement("a"), { textContent: text, href });
}

function receive(message) {
  for (const step of session.receive(message)) {
    if (step.do === "show") show(step.entry);
    else if (step.do === "tell") tell(step.frame);
    else if (step.do === "send") socket.send(step.command);
    else location.reload();
  }
  markRead();
}

// --- what comes -----------------------------------------------------------------------------------------------------------

function show(entry) {
  if (entry.type === "message" && entry.sender_id === self.id) outbox.remove(entry.message_id);
  history.show(entry);
  people.follow(entry);
  if (changesStanding(entry)) standing.refresh();
  if (entry.type === "conversation_updated" && entry.changes.title) {
    document.getElementById("title").textContent = entry.changes.title;
    document.title = `${entry.changes.title} · Chat`;
  }
}

function changesStanding({ type, changes, participant }) {
  if (type === "role_changed") return participant.id === self.id;
  return type === "conversation_updated" && ("locked" in changes || "archived" in changes);
}

function tell(frame) {
  if (frame.participants) people.replace(frame.participants);
  if (frame.type === "connected") {
    resend();
    standing.refresh();
  } else if (frame.type === "message_ack") acknowledged(frame);
  else if (frame.type === "error" && frame.message_id) failed(frame);
  else if (frame.type === "typing") people.typing(frame);
  else if (frame.type === "presence") people.presence(frame);
}

// --- one's own messages ---------------------------------------------------------------------------------------------------

function submit(content) {
  const item = outbox.add(content);
  history.add(pending(item));
  transmit(item);
}

function pending(item) {
  return showPending(item, self, { retry, discard });
}

function transmit({ message_id, content }) {
  socket.send({ type: "message", message_id, content });
}

/** Everything that is not known to be stored, once more: under the same key it is stored once. */
function resend() {
  outbox.items.filter((item) => item.reason === null).forEach(transmit);
}

function acknowledged({ message_id: messageId, sequence_id: sequence }) {
  outbox.remove(messageId);
  const element = history.findOwn(messageId);
  if (!element?.dataset.state) return;
  // Stored before what the page shows began: it is in the history.
  if (sequence <= session.cursor) history.remove(element);
  else showState(element, "delivered");
}

function failed({ message_id: messageId, message: reason, code }) {
  if (code === "muted") standing.refresh(); // a mute makes no entry
  const element = history.findOwn(messageId);
  if (outbox.mark(messageId, reason) && element) showState(element, "failed", reason);
}

function retry(messageId) {
  const item = outbox.mark(messageId, null);
  showState(history.findOwn(messageId), "sending");
  transmit(item);
}

function discard(messageId) {
  outbox.remove(messageId);
  history.remove(history.findOwn(messageId));
}

/** What an earlier life of this tab left: shown again, unless the page has it. */
function restore() {
  for (const item of outbox.items) {
    if (history.findOwn(item.message_id)) outbox.remove(item.message_id);
    else history.add(pending(item));
  }
}

// --- reading --------------------------------------------------------------------------------------------------------------

let readUpTo = start.last_read_sequence_id;
let readTimer = null;

/** Tell, once it has been in view for a moment, that all up to the cursor is read. */
function markRead() {
  if (readTimer !== null || !start.is_live) return;
  readTimer = setTimeout(() => {
    readTimer = null;
    if (document.hidden || !history.isAtEnd || session.cursor <= readUpTo) return;
    if (socket.send({ type: "read", sequence_id: session.cursor })) readUpTo = session.cursor;
  }, READ_MS);
}

document.addEventListener("visibilitychange", markRead);

if (start.is_live) {
  if (form) {
    const typing = (isTyping) => socket.send({ type: "typing", is_typing: isTyping });
    new Composer(form, { maximum: start.message_characters, send: submit, typing });
  }
  restore();
  socket.connect();
}
