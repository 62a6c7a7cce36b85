/** A conversation, live: ties the line, the rules of delivery and the parts of the page together. */

import { Connection } from "./connection.js";
import { History } from "./history.js";
import { clearOnSignOut } from "./leaving.js";
import { People } from "./people.js";
import { quote } from "./quotes.js";
import { Session } from "./session.js";
import { Standing } from "./standing.js";
import { text } from "./texts.js";
import { Writing } from "./writing.js";

const READ_MS = 400;
const SAID_MS = 4000;

const start = JSON.parse(document.getElementById("bootstrap").textContent);
const { conversation_id: id, participant: self } = start;
const api = `/api/v1/conversations/${id}`;
const main = document.getElementById("main");
const banner = document.getElementById("banner");
const form = document.querySelector("form#composer");
const dialogs = () => import("./dialogs.js");

let standing = { may: {}, over: {}, roles: [] };
let { pins } = start;

const session = new Session(start.cursor);
const connection = new Connection(self.id);
const people = new People(self.id, async (member) => (await dialogs()).manage({ api, standing, say }, member));
const asking = new Standing(form, start.standing, allowed);
const history = new History({ ...start, self: self.id, cursor: () => session.cursor, seen: markRead });
const writing = new Writing({ start, form, api, connection, history, people, session, open, refused: () => asking.refresh(), editLast });

// What the first look at a conversation does not need comes with the first use of it.
const agents = later(async () => {
  const { Agents } = await import("./agents.js");
  return new Agents({ history, cancel: (run) => send({ type: "cancel_run", run_id: run }), mayCancel: () => standing.may.run });
});
const sidebar = later(async () => new (await import("./sidebar.js")).Sidebar(id));
const tools = later(async () => {
  const [{ Actions }, { Messages }] = await Promise.all([import("./actions.js"), import("./messages.js")]);
  const messages = new Messages({ api, history, say, writing: () => writing, self, dialogs, open });
  const actions = new Actions({ self: self.id, may: () => standing.may, pins: () => pins, act: (...deed) => messages.act(...deed) });
  return { actions, messages };
});

/** A part of the page that is made once, when it is asked for; should the line be gone just then, the next time. */
function later(make) {
  let made = null;
  return () =>
    (made ??= make().catch((problem) => {
      made = null;
      throw problem;
    }));
}

/** Something short about what was done; it goes by itself. */
function say(line) {
  const place = document.getElementById("said");
  place.textContent = line;
  place.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (place.hidden = true), SAID_MS);
}

function send(command) {
  return connection.send({ ...command, conversation_id: id });
}

async function editLast() {
  (await tools()).messages.editLast();
}

// --- the line -------------------------------------------------------------------------------------------------------------

function lineChanged(state, reason) {
  main.dataset.connection = state;
  if (state === "ended") end(reason);
  else {
    banner.hidden = state === "open";
    banner.textContent = text(navigator.onLine ? "lost" : "offline");
  }
}

function end(reason) {
  main.dataset.connection = "ended";
  const kind = { banned: "removed", deleted: "gone" }[reason] ?? reason;
  banner.hidden = false;
  banner.textContent = `${text(`ended_${kind}`)} `;
  if (kind !== "signed_out" && form) form.inert = true;
  writing.keep();
  if (kind === "signed_out") banner.append(link(text("sign_in"), start.sign_in));
  else if (kind !== "broken") banner.append(link(text("your_conversations"), "/conversations"));
}

function link(content, href) {
  return Object.assign(document.createElement("a"), { textContent: content, href });
}

function receive(frame) {
  for (const step of session.receive(frame)) {
    if (step.do === "show") show(step.entry);
    else if (step.do === "tell") tell(step.frame);
    else if (step.do === "send") send(step.command);
    else location.reload();
  }
  markRead();
}

// --- what comes -----------------------------------------------------------------------------------------------------------

function show(entry) {
  // An agent's answer is a message like any other; its entry is the end of the run too.
  const said = entry.type === "agent_completed" ? { ...entry.message, sequence_id: entry.sequence_id } : entry;
  if (said.type === "message") {
    writing.arrived(said);
    quote(said, history);
    if (said.sender_id !== self.id && document.hidden) announce(said);
    if (document.querySelector(`#conversations [data-conversation="${id}"]`)) sidebar().then((list) => list.said(id, said));
  }
  history.show(said);
  if (isOfAgent(entry)) agents().then((all) => all.receive(entry));
  people.follow(said);
  if (entry.type === "conversation_updated") updated(entry.changes);
  if (changesStanding(entry)) asking.refresh();
}

function isOfAgent({ type }) {
  return type.startsWith("agent_") || type.startsWith("tool_");
}

async function announce(said) {
  const { notify } = await import("./notify.js");
  const body = (said.content ?? "").slice(0, 200);
  notify({ title: `${said.participant?.display_name ?? text("announcement")} · ${history.title}`, body, tag: said.id });
}

function updated(changes) {
  if (changes.title) {
    document.getElementById("title").textContent = changes.title;
    document.title = `${changes.title} · Chat`;
    sidebar().then((list) => list.renamed(id, changes.title));
  }
  if ("description" in changes) {
    const place = document.getElementById("description");
    place.textContent = changes.description;
    place.parentElement.hidden = !changes.description;
  }
  if (changes.pins) {
    pins = changes.pins.map(String);
    showPins();
  }
}

function changesStanding({ type, changes, participant }) {
  if (type === "role_changed") return participant.id === self.id;
  return type === "conversation_updated" && ("locked" in changes || "archived" in changes);
}

function tell(frame) {
  if (frame.participants) people.replace(frame.participants);
  if (frame.type === "connected") {
    if (frame.runs?.length || main.querySelector(".run")) agents().then((all) => all.receive(frame));
    writing.flush();
    asking.refresh();
  } else if (frame.type === "typing") people.typing(frame);
  else if (frame.type === "presence") people.presence(frame);
  else if (isOfAgent(frame)) agents().then((all) => all.receive(frame));
}

function allowed(answer) {
  standing = answer;
  people.allow(answer.over);
  for (const button of document.querySelectorAll("[data-dialog=agents]")) button.hidden = !answer.may.add;
  for (const button of document.querySelectorAll(".run-stop")) button.hidden = !answer.may.run;
}

function showPins() {
  document.getElementById("pins-button").hidden = !pins.length;
}

// --- reading --------------------------------------------------------------------------------------------------------------

let readUpTo = start.last_read_sequence_id;
let readTimer = null;

/** Tell, once it has been in view for a moment, that all up to the cursor is read. */
function markRead() {
  if (readTimer !== null) return;
  readTimer = setTimeout(() => {
    readTimer = null;
    if (document.hidden || !history.isAtEnd || session.cursor <= readUpTo) return;
    if (send({ type: "read", sequence_id: session.cursor })) readUpTo = session.cursor;
  }, READ_MS);
}

document.addEventListener("visibilitychange", markRead);

// --- dialogs --------------------------------------------------------------------------------------------------------------

/** Open one of the page's dialogs. */
async function open(name, ...about) {
  const parts = { api, people, standing, say, may: () => standing.may, goTo: (...place) => history.goTo(...place), reply: (message) => writing.reply(message) };
  (await dialogs())[name](parts, ...about);
}

for (const button of document.querySelectorAll("[data-dialog]")) {
  if (button.dataset.dialog !== "agents") button.hidden = false;
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const panel = document.getElementById("people");
    if (panel.matches(":popover-open")) panel.hidePopover();
    open(button.dataset.dialog);
  });
}
document.getElementById("pins-button").addEventListener("click", () => open("pins"));
document.querySelector(".to-date").addEventListener("submit", (event) => {
  event.preventDefault();
  const day = event.target.elements.date.value;
  const panel = document.getElementById("people");
  if (panel.matches(":popover-open")) panel.hidePopover();
  history.goToDate(new Date(`${day}T00:00`));
});

// --- start ----------------------------------------------------------------------------------------------------------------

const entries = document.getElementById("entries");
for (const sign of ["pointerover", "focusin", "click"]) {
  entries.addEventListener(sign, async ({ target }) => (await tools()).actions.beside(target), { once: true });
}
document.addEventListener("keydown", keyed);

/** Keys outside of the field: what they do comes with the first. */
async function keyed(event) {
  const { handleKey } = await import("./shortcuts.js");
  document.removeEventListener("keydown", keyed);
  handleKey({ history, writing, open, tools: await tools() }, event);
}

const notifyButton = document.getElementById("notify");
notifyButton.hidden = !("Notification" in globalThis);
const offer = async () => (await import("./notify.js")).offerNotifications(notifyButton, say);
for (const sign of ["focusin", "pointerover"]) document.getElementById("people").addEventListener(sign, later(offer));

if (entries.querySelector(".run-facts[data-run]")) agents();
if (document.querySelector("#conversations .unread")) sidebar();
showPins();
clearOnSignOut();
connection.watch(lineChanged);
for (const type of ["message_ack", "error"]) connection.on(type, (frame) => frame.message_id && writing.answer(frame));
connection.on("unread", (frame) => sidebar().then((list) => list.unread(frame)));
connection.on("conversation_added", (frame) => sidebar().then((list) => list.added(frame.conversation)));
connection.on("unsubscribed", (frame) => sidebar().then((list) => list.gone(frame.conversation_id)));
connection.follow(id, { cursor: () => session.cursor, receive, ended: end });
writing.restore();
connection.open();
const target = /^#m-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
if (target) history.goToMessage(target);
