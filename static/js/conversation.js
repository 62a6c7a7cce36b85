/** A conversation, live: ties the line, the rules of delivery and the parts of the page together. */

import { Connection } from "./connection.js";
import { History } from "./history.js";
import { later, sheet, whenIdle } from "./later.js";
import { clearKept, clearOnSignOut } from "./leaving.js";
import { Reading } from "./reading.js";
import { Refusal } from "./rest.js";
import { Session } from "./session.js";
import { text } from "./texts.js";
import { Writing } from "./writing.js";

const SAID_MS = 4000;
const UNLIKELY_MS = 5000; // by then a page is live, or there is no line

const start = JSON.parse(document.getElementById("bootstrap").textContent);
const { conversation_id: id, participant: self } = start;
const api = `/api/v1/conversations/${id}`;
const main = document.getElementById("main");
const banner = document.getElementById("banner");
const form = document.querySelector("form#composer");
const entries = document.getElementById("entries");
const SIGNS = ["pointerover", "focusin", "click"]; // that something may be done to a message

let granted = { may: {}, over: {}, roles: [] }; // what one may do, as the server answered last
let { pins } = start;

// What the first look at a conversation does not need comes with the first use of it.
const people = later(async () => {
  const { People } = await import("./people.js");
  return new People(self.id, tried(async (member) => (await dialogs()).manage({ api, standing: granted, say }, member)));
});
const standing = later(async () => new (await import("./standing.js")).Standing(form, start.standing, allowed));
const agents = later(async () => {
  const [{ Agents }] = await Promise.all([import("./agents.js"), sheet("tools")]);
  return new Agents({ history, cancel: (run) => send({ type: "cancel_run", run_id: run }), mayCancel: () => granted.may.run });
});
const sidebar = later(async () => new (await import("./sidebar.js")).Sidebar(id));
const tools = later(async () => {
  const [{ Actions }, { Messages }] = await Promise.all([import("./actions.js"), import("./messages.js"), sheet("tools")]);
  const messages = new Messages({ api, history, say, writing: () => writing, self, dialogs, open });
  const actions = new Actions({ self: self.id, may: () => granted.may, pins: () => pins, act: (...deed) => messages.act(...deed) });
  for (const sign of SIGNS) entries.removeEventListener(sign, firstSign);
  return { actions, messages };
});
const dialogs = later(async () => (await Promise.all([import("./dialogs.js"), sheet("forms"), sheet("tools")]))[0]);
const keys = later(async () => {
  const [{ listenToKeys }, found] = await Promise.all([import("./shortcuts.js"), tools()]);
  document.removeEventListener("keydown", firstKey);
  return listenToKeys({ history, writing, open, tools: found });
});
const keeper = later(async () => {
  const { Keeper } = await import("./kept.js");
  return new Keeper({ self: self.id, conversation: id, isNewest: () => history.behind === null });
});
const returning = later(async () => {
  const { Returning } = await import("./returning.js");
  return new Returning({ self: self.id, conversation: id, connection, back: () => reading.look() });
});
const notices = later(async () => (await import("./notify.js")).offerNotifications(document.getElementById("notify"), say));

const session = new Session(start.cursor);
const connection = new Connection(self.id);
const history = new History({ ...start, self: self.id, cursor: () => session.cursor, seen: () => reading.look(), missing });
const reading = new Reading(start.last_read_sequence_id, {
  isInView: () => !document.hidden && !main.inert && history.isAtEnd,
  cursor: () => session.cursor,
  tell: (number) => send({ type: "read", sequence_id: number }),
});
const writing = new Writing({ start, form, api, connection, history, people, session, open, missing, refused: askStanding, editLast });

/** An act that needs what comes with its first use; if that cannot be had, it is told. */
function tried(act) {
  return (...given) => act(...given).catch(missing);
}

/** The first sign, and the first key outside of the field: what follows them comes with them. */
function firstSign({ target }) {
  to(tools, ({ actions }) => actions.beside(target));
}

function firstKey(event) {
  to(keys, (listen) => listen(event));
}

/** Something could not be fetched. Where there is a line it is a defect, and shows itself as one. */
function missing(problem) {
  if (!(problem instanceof Refusal) && navigator.onLine && connection.state === "open") throw problem;
  say(problem instanceof Refusal ? problem.message : text("needs_line"));
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

function editLast() {
  to(tools, ({ messages }) => messages.editLast());
}

/** Open one of the page's dialogs. */
async function open(name, ...about) {
  const [made, crowd] = await Promise.all([dialogs(), people()]);
  const reply = (message) => writing.reply(message);
  made[name]({ api, people: crowd, standing: granted, say, may: () => granted.may, goTo: (...place) => history.goTo(...place), reply }, ...about);
}

/** On a narrow window the panel is over the page. */
function hidePeople() {
  const panel = document.getElementById("people");
  if (panel.matches(":popover-open")) panel.hidePopover();
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
  if (kind !== "broken") to(keeper, (keeping) => keeping.end());
  if (kind === "signed_out") clearKept();
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
  reading.look();
}

/** Hand something to a part that comes with its first use; what is handed over keeps its order. */
function to(part, act) {
  part().then(act).catch(missing);
}

// --- what comes -----------------------------------------------------------------------------------------------------------

function show(entry) {
  // An agent's answer is a message like any other; its entry is the end of the run too.
  const said = entry.type === "agent_completed" ? { ...entry.message, sequence_id: entry.sequence_id } : entry;
  if (said.type === "message") shown(said);
  else history.show(said);
  if (isOfAgent(entry)) to(agents, (all) => all.receive(entry));
  to(people, (all) => all.follow(said));
  if (entry.type === "conversation_updated") updated(entry.changes);
  if (changesStanding(entry)) askStanding();
}

function shown(said) {
  writing.arrived(said);
  const isNew = !history.find(said.id);
  history.show(said);
  if (said.reply_to && !said.quoted) to(() => import("./quotes.js"), ({ quote }) => quote(said, history, isNew));
  if (said.sender_id !== self.id && document.hidden) announce(said);
  if (document.querySelector(`#conversations [data-conversation="${id}"]`)) {
    const words = history.find(said.id)?.querySelector(".body").textContent ?? said.content ?? "";
    to(sidebar, (list) => list.said(id, said, words));
  }
}

function isOfAgent({ type }) {
  return type.startsWith("agent_") || type.startsWith("tool_");
}

function announce(said) {
  const title = `${said.participant?.display_name ?? text("announcement")} · ${history.title}`;
  to(() => import("./notify.js"), ({ notify }) => notify({ title, body: (said.content ?? "").slice(0, 200), tag: said.id }));
}

function updated(changes) {
  if (changes.title) {
    document.getElementById("title").textContent = changes.title;
    document.title = `${changes.title} · Chat`;
    to(sidebar, (list) => list.renamed(id, changes.title));
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
  if (frame.type === "connected") live();
  if (frame.participants) to(people, (all) => all.replace(frame.participants));
  if (frame.type === "connected") {
    if (frame.runs?.length || main.querySelector(".run")) to(agents, (all) => all.receive(frame));
    writing.flush();
    askStanding();
  } else if (frame.type === "typing") to(people, (all) => all.typing(frame));
  else if (frame.type === "presence") to(people, (all) => all.presence(frame));
  else if (isOfAgent(frame)) to(agents, (all) => all.receive(frame));
}

function askStanding() {
  to(standing, (asking) => asking.refresh());
}

function allowed(answer) {
  granted = answer;
  to(people, (all) => all.allow(answer.over));
  for (const button of document.querySelectorAll("[data-dialog=agents]")) button.hidden = !answer.may.add;
  for (const button of document.querySelectorAll(".run-stop")) button.hidden = !answer.may.run;
}

function showPins() {
  document.getElementById("pins-button").hidden = !pins.length;
}

// --- start ----------------------------------------------------------------------------------------------------------------

for (const sign of SIGNS) entries.addEventListener(sign, firstSign);
document.addEventListener("keydown", firstKey);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dialog]");
  if (!button) return;
  event.preventDefault();
  hidePeople();
  tried(open)(button.dataset.dialog);
});
document.querySelector(".to-date").addEventListener("submit", (event) => {
  event.preventDefault();
  hidePeople();
  history.goToDate(new Date(`${event.target.elements.date.value}T00:00`));
});
for (const button of document.querySelectorAll("#people [data-dialog]:not([data-dialog=agents])")) button.hidden = false;
document.getElementById("notify").hidden = !("Notification" in globalThis);
showPins();
clearOnSignOut();
connection.watch(lineChanged);
for (const type of ["message_ack", "error"]) connection.on(type, (frame) => frame.message_id && writing.answer(frame));
connection.on("unread", (frame) => to(sidebar, (list) => list.unread(frame)));
connection.on("conversation_added", (frame) => to(sidebar, (list) => list.added(frame.conversation)));
connection.on("unsubscribed", ({ conversation_id: gone }) => {
  to(sidebar, (list) => list.gone(gone));
  to(returning, (views) => views.forget(gone));
});
connection.follow(id, { cursor: () => session.cursor, receive, ended: end });
writing.restore();
connection.open();
const target = /^#m-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
if (target) history.goToMessage(target);

/** The page is live: mark the moment. */
function live() {
  if (!performance.getEntriesByName("live").length) performance.mark("live");
  prepare();
}

let isPrepared = false;
setTimeout(prepare, UNLIKELY_MS);

/** Fetch what the page may need, while there is a line. What cannot be had now is asked for when it is needed. */
function prepare() {
  if (isPrepared) return;
  isPrepared = true;
  const parts = [() => import("./frame.js"), sidebar, tools, dialogs, keys, notices, keeper, returning, () => history.prepare(), () => writing.prepare()];
  if (entries.querySelector("[data-run]")) parts.push(agents);
  whenIdle(() => parts.forEach((part) => part().catch(() => {})));
}
