/** Entries and people as elements. Markup is cloned from the page's templates, text is set as text. */

import { setMessageHtml } from "./html.js";
import { counted, text } from "./texts.js";
import { showTimes } from "./times.js";

const HUES = 8; // as conversations/templatetags/chat_display.py

/** A new element from a template of the page. */
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** Text into the part of an element that a template named by its class. */
export function setText(element, part, content) {
  const found = element.querySelector(`.${part}`);
  if (found) found.textContent = content;
}

export function setAvatar(element, participant) {
  const avatar = element.querySelector(".avatar");
  avatar.classList.add(`hue-${parseInt(participant.id.at(-1), 16) % HUES}`);
  avatar.textContent = [...participant.display_name][0].toUpperCase();
}

/** An element of a tag, with a class and a text. */
export function make(tag, className = "", content = "") {
  return Object.assign(document.createElement(tag), { className, textContent: content });
}

/** A message as it is now, into a new element or the one that stood for it. */
export function showMessage(message, element = clone("message-template")) {
  const { participant } = message; // null in what the site announces
  element.classList.toggle("system", !participant);
  if (participant) setAvatar(element, participant);
  setText(element, "name", participant?.display_name ?? text("announcement"));
  element.querySelector(".badge").hidden = participant?.kind !== "agent";
  element.querySelector(".edited").hidden = !message.edited_at;
  element.querySelector(".byline time").dateTime = message.created_at;
  element.querySelector(".permalink").href = `/c/${message.conversation_id}/m/${message.id}`;
  element.querySelector(".pending")?.remove();
  delete element.dataset.state;
  element.id = `m-${message.id}`;
  // An edit has a number of its own; the message keeps its place.
  const sequence = message.type === "message_edited" ? element.dataset.sequence : message.sequence_id;
  Object.assign(element.dataset, {
    sender: message.sender_id ?? "",
    messageId: message.message_id,
    id: message.id,
    at: message.created_at,
    sequence,
    thread: message.thread ?? (element.dataset.thread || message.id),
  });
  if (message.deleted) showDeleted(element);
  else setMessageHtml(element.querySelector(".body"), message.html);
  if (message.truncated) element.querySelector(".body").append(make("p", "muted", text("truncated")));
  showFiles(element, message.attachments ?? []);
  showReactions(element, message.reactions ?? []);
  if (message.quoted) showQuoted(element, message.quoted);
  if (message.replies !== undefined) showReplies(element, message.replies);
  if (message.run_id) Object.assign(element.querySelector(".run-facts").dataset, { run: message.run_id, tokens: message.tokens ?? "", ms: message.response_time_ms ?? "" });
  showTimes(element);
  return element;
}

/** What stays of a message that was deleted. */
export function showDeleted(element) {
  element.dataset.deleted = "";
  element.querySelector(".body").replaceChildren(make("p", "muted", text("deleted")));
  showFiles(element, []);
  showReactions(element, []);
}

function showFiles(element, files) {
  const list = element.querySelector(".files");
  list.hidden = !files.length;
  list.replaceChildren(...files.map(showFile));
}

function showFile({ id, name, size, width, height }) {
  const link = Object.assign(make("a", "file"), { href: `/api/v1/attachments/${id}` });
  if (size) link.dataset.size = size;
  if (width) link.append(Object.assign(document.createElement("img"), { src: `${link.href}/thumbnail`, alt: name, width, height, loading: "lazy" }));
  else link.append(make("bdi", "", name), " ", make("span", "small muted", sizeOf(size)));
  const item = document.createElement("li");
  item.append(link);
  return item;
}

function sizeOf(bytes) {
  const unit = bytes < 1024 ** 2 ? "kilobyte" : "megabyte";
  const number = bytes / (unit === "kilobyte" ? 1024 : 1024 ** 2);
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: 1 }).format(number);
}

/** Reactions as they are now; where it is not said which are one's own, they stay as they were. */
export function showReactions(element, reactions) {
  const list = element.querySelector(".reactions");
  const mine = new Set(Array.from(list.querySelectorAll("[data-mine]"), (chip) => chip.dataset.emoji));
  list.replaceChildren(...reactions.map((row) => showReaction({ mine: mine.has(row.emoji), ...row })));
  list.hidden = !reactions.length;
}

/** One reaction came or went; `isOwn` where it was one's own. */
export function changeReaction(element, { emoji, count, type }, isOwn) {
  const shown = reactionsOf(element).filter((row) => row.emoji !== emoji || count > 0);
  const row = shown.find((each) => each.emoji === emoji) ?? { emoji, mine: false };
  if (count > 0 && !shown.includes(row)) shown.push(row);
  row.count = count;
  if (isOwn) row.mine = type === "reaction_added";
  showReactions(element, shown);
}

export function reactionsOf(element) {
  return Array.from(element.querySelectorAll(".reaction"), ({ dataset: { emoji, count, mine } }) => ({
    emoji,
    count: Number(count),
    mine: mine !== undefined,
  }));
}

function showReaction({ emoji, count, mine }) {
  const chip = Object.assign(make("button", "reaction"), { type: "button" });
  Object.assign(chip.dataset, { emoji, count });
  if (mine) chip.dataset.mine = "";
  chip.ariaPressed = String(mine);
  chip.ariaLabel = text(mine ? "mine" : "reacted", { emoji, number: count });
  chip.append(make("span", "", `${emoji} ${count}`));
  const item = document.createElement("li");
  item.append(chip);
  return item;
}

/** The line by which a reply names what it replies to. */
export function showQuoted(element, { id, sequence_id: sequence, name, excerpt }) {
  const line = element.querySelector(".quoted");
  line.hidden = false;
  line.href = `#m-${id}`;
  Object.assign(line.dataset, { about: id, atSequence: sequence ?? "" });
  setText(line, "quoted-name", name);
  setText(line, "quoted-text", excerpt ?? text("deleted"));
}

/** How many replies a message has. */
export function showReplies(element, count) {
  const line = element.querySelector(".replies");
  line.dataset.count = count;
  line.hidden = !count;
  line.href = `${element.querySelector(".permalink").href}`;
  line.textContent = counted("replies", count);
}

/** A message of one's own before the server has it. */
export function showPending(item, participant, { retry, discard }) {
  const element = clone("message-template");
  const pending = clone("pending-template");
  const at = item.written_at ?? new Date().toISOString();
  setAvatar(element, participant);
  setText(element, "name", participant.display_name);
  element.querySelector(".byline time").dateTime = at;
  Object.assign(element.dataset, { sender: participant.id, messageId: item.message_id, at });
  element.querySelector(".body").textContent = item.content;
  if (item.quoted) showQuoted(element, item.quoted);
  element.querySelector(".message-text").append(pending);
  pending.querySelector(".retry").onclick = () => retry(item.message_id);
  pending.querySelector(".discard").onclick = () => discard(item.message_id);
  showState(element, item.reason === null ? "sending" : "failed", { reason: item.reason });
  showTimes(element);
  return element;
}

/** How far a message of one's own has come: `sending`, `waiting`, `delivered`, or `failed` with a reason. */
export function showState(element, state, values) {
  element.dataset.state = state;
  setText(element, "state", text(state, values));
  for (const button of element.querySelectorAll(".pending button")) button.hidden = state !== "failed";
}

/** The line about an entry that is no message; null for entries that are not shown. */
export function showNotice(entry) {
  const notice = entry.type === "notice" ? entry : noticeOf(entry);
  if (!notice) return null;
  const element = clone(`notice-${notice.kind}`);
  setText(element, "name", notice.who?.display_name ?? "");
  setText(element, "value", notice.value ?? "");
  Object.assign(element.dataset, { at: entry.created_at, sequence: entry.sequence_id });
  return element;
}

// As conversations/timeline.py.
function noticeOf(entry) {
  switch (entry.type) {
    case "participant_joined":
      return { kind: "joined", who: entry.participant };
    case "participant_left":
      return { kind: entry.reason, who: entry.participant };
    case "role_changed":
      return { kind: "role", who: entry.participant, value: entry.role };
    case "conversation_updated":
      return changeOf(entry.changes);
    default:
      return null;
  }
}

function changeOf(changes) {
  if (Object.keys(changes).every((name) => name === "mode" || name === "pins")) return null;
  if ("title" in changes) return { kind: "title", value: changes.title };
  if ("archived" in changes) return { kind: changes.archived ? "archived" : "reopened" };
  if ("locked" in changes) return { kind: changes.locked ? "locked" : "unlocked" };
  return { kind: "settings" };
}
