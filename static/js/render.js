/** Entries and people as elements. Markup is cloned from the page's templates, text is set as text. */

import { showTimes } from "./times.js";

const HUES = 8; // as conversations/templatetags/chat_display.py
const FOLLOWS_WITHIN_MS = 5 * 60_000; // as conversations/timeline.py

// What the server's sanitiser lets through (conversations/markdown.py), for browsers that can sanitise themselves.
const SANITIZER = {
  elements: [
    { name: "a", attributes: ["href", "title", "rel"] },
    { name: "ol", attributes: ["start"] },
    { name: "code", attributes: ["class"] },
    { name: "span", attributes: ["class"] },
    ..."blockquote br em h1 h2 h3 h4 h5 h6 hr li p pre s strong table tbody td th thead tr ul".split(" "),
  ],
};
const policy = globalThis.trustedTypes?.createPolicy("chat-html", { createHTML: (html) => html });

/**
 * Show the `html` of a message, which the server rendered and sanitised: the one place where text becomes markup.
 * Nothing else may come here.
 */
function setMessageHtml(element, html) {
  if (element.setHTML) {
    element.setHTML(html, { sanitizer: SANITIZER });
    return;
  }
  const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
  element.replaceChildren(...Array.from(parsed.body.childNodes, (node) => document.importNode(node, true)));
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** Text into the part of an element that a template named by its class. */
export function setText(element, part, text) {
  const found = element.querySelector(`.${part}`);
  if (found) found.textContent = text;
}

function setAvatar(element, participant) {
  const avatar = element.querySelector(".avatar");
  avatar.className = `avatar hue-${parseInt(participant.id.at(-1), 16) % HUES}`;
  avatar.textContent = [...participant.display_name][0].toUpperCase();
}

/** A message as it is now, into a new element or the one that stood for it. */
export function showMessage(message, element = clone("message-template")) {
  const { participant } = message; // null in what the site announces
  element.classList.toggle("system", !participant);
  if (participant) setAvatar(element, participant);
  setText(element, "name", participant?.display_name ?? "Announcement");
  element.querySelector(".badge").hidden = participant?.kind !== "agent";
  element.querySelector(".edited").hidden = !message.edited_at;
  element.querySelector("time").dateTime = message.created_at;
  element.querySelector(".pending")?.remove();
  delete element.dataset.state;
  Object.assign(element.dataset, {
    sender: message.sender_id ?? "",
    messageId: message.message_id,
    id: message.id,
    at: message.created_at,
  });
  const body = element.querySelector(".body");
  if (message.deleted) body.replaceChildren(paragraph("This message was deleted."));
  else setMessageHtml(body, message.html);
  if (message.truncated) body.append(paragraph("It goes on: reload the page to read all of it."));
  showTimes(element);
  return element;
}

function paragraph(text) {
  const element = document.createElement("p");
  element.className = "muted";
  element.textContent = text;
  return element;
}

/** A message of one's own before the server has it. */
export function showPending(item, participant, { retry, discard }) {
  const element = clone("message-template");
  const pending = clone("pending-template");
  setAvatar(element, participant);
  setText(element, "name", participant.display_name);
  element.querySelector("time").dateTime = new Date().toISOString();
  Object.assign(element.dataset, { sender: participant.id, messageId: item.message_id, at: new Date().toISOString() });
  element.querySelector(".body").textContent = item.content;
  element.querySelector(".message-text").append(pending);
  pending.querySelector(".retry").onclick = () => retry(item.message_id);
  pending.querySelector(".discard").onclick = () => discard(item.message_id);
  showState(element, item.reason === null ? "sending" : "failed", item.reason);
  showTimes(element);
  return element;
}

/** How far a message of one's own has come: `sending`, `delivered`, or `failed` with a reason. */
export function showState(element, state, reason) {
  element.dataset.state = state;
  setText(element, "state", { sending: "Sending…", delivered: "Delivered", failed: `Not sent. ${reason}` }[state]);
  for (const button of element.querySelectorAll(".pending button")) button.hidden = state !== "failed";
}

/** The line about an entry that is no message; null for entries that are not shown. */
export function showNotice(entry) {
  const notice = noticeOf(entry);
  if (!notice) return null;
  const element = clone(`notice-${notice.kind}`);
  setText(element, "name", notice.who?.display_name ?? "");
  setText(element, "value", notice.value ?? "");
  element.dataset.at = entry.created_at;
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
  if (Object.keys(changes).join() === "mode") return null; // which nobody chose
  if ("title" in changes) return { kind: "title", value: changes.title };
  if ("archived" in changes) return { kind: changes.archived ? "archived" : "reopened" };
  if ("locked" in changes) return { kind: changes.locked ? "locked" : "unlocked" };
  return { kind: "settings" };
}

/** Repeat no name where a message goes on from the one before it. */
export function regroup(element) {
  if (!element?.classList.contains("message")) return;
  const before = element.previousElementSibling;
  const follows =
    before?.classList.contains("message") &&
    element.dataset.sender &&
    before.dataset.sender === element.dataset.sender &&
    new Date(element.dataset.at) - new Date(before.dataset.at) < FOLLOWS_WITHIN_MS;
  element.classList.toggle("follows", Boolean(follows));
}

/** A row of the list of participants. */
export function showMember(member) {
  const element = clone("member-template");
  setAvatar(element, member);
  setText(element, "name", member.display_name);
  setText(element, "role", member.role ?? "");
  element.dataset.participant = member.id;
  showPresence(element, member.is_online ? "online" : "offline");
  return element;
}

export function showPresence(element, status) {
  element.dataset.presence = status;
  setText(element, "presence", status);
}
