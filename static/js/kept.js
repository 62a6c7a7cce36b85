/**
 * The newest messages of each conversation, kept in this browser for an instant return: 50 of them, for 30 days, for
 * whoever is signed in, of conversations that the sidebar lists. They are read off the page, so an edit, a reaction or a
 * deletion changes what is kept too. What cannot be stored is kept with the page (store.js).
 */

import { isLeaving } from "./leaving.js";
import { whenIdle } from "./later.js";
import { reactionsOf } from "./render.js";
import * as store from "./store.js";

const MOST = 50;
const LONGEST_MS = 30 * 86_400_000;
const PAUSE_MS = 1000;

const keyOf = (self, conversation) => `${self}:${conversation}`;

/** What is kept of a conversation: `{title, description, messages}`; undefined if nothing is. */
export async function read(self, conversation) {
  const row = await store.get("kept", keyOf(self, conversation));
  return row && Date.now() - row.at < LONGEST_MS ? row : undefined;
}

/** Forget what is kept of a conversation. */
export function forget(self, conversation) {
  return store.remove("kept", keyOf(self, conversation));
}

/**
 * Forget what is too old, of somebody else, or of conversations that one is no longer in; gives the ids of the others.
 * @param {string} self
 * @param {Set<string> | null} listed one's conversations, null where the page does not list them all
 */
export async function tidy(self, listed) {
  const isStale = (row) => row.participant !== self || Date.now() - row.at >= LONGEST_MS || (listed && !listed.has(row.conversation_id));
  const rows = await store.all("kept");
  await Promise.all(rows.filter(isStale).map((row) => store.remove("kept", row.key)));
  return new Set(rows.filter((row) => !isStale(row)).map((row) => row.conversation_id));
}

/** Keeps what the page of a conversation shows. */
export class Keeper {
  #page;
  #list = document.getElementById("entries");
  #observer = new MutationObserver(() => this.#soon());
  #timer = null;
  #last = "";
  #ended = false;

  /**
   * @param {object} page
   * @param {string} page.self
   * @param {string} page.conversation
   * @param {() => boolean} page.isNewest whether the page shows the newest messages
   */
  constructor(page) {
    this.#page = page;
    this.#observer.observe(this.#list, { childList: true, subtree: true });
    addEventListener("pagehide", () => this.#timer !== null && this.#write());
    this.#write();
  }

  /** One has no access any more. */
  end() {
    this.#ended = true;
    this.#observer.disconnect();
    clearTimeout(this.#timer);
    return forget(this.#page.self, this.#page.conversation);
  }

  #soon() {
    this.#timer ??= setTimeout(() => whenIdle(() => this.#write()), PAUSE_MS);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const { self, conversation, isNewest } = this.#page;
    if (this.#ended || isLeaving() || !isNewest()) return;
    const rows = [...this.#list.querySelectorAll(":scope > .message:not([data-state])")].slice(-MOST);
    const [title, description] = ["title", "description"].map((name) => document.getElementById(name).textContent);
    const shown = { participant: self, conversation_id: conversation, title, description, messages: rows.map((row) => messageOf(row, conversation)) };
    const now = JSON.stringify(shown);
    if (now === this.#last) return;
    this.#last = now;
    store.put("kept", { key: keyOf(self, conversation), at: Date.now(), ...shown });
  }
}

/** The message of a row, as render.js shows it; its `html` is what came through html.js, and goes through it again. */
function messageOf(row, conversation) {
  const { id, messageId, sender, at, sequence, thread, deleted } = row.dataset;
  const part = (name) => row.querySelector(`.${name}`);
  const isSystem = row.classList.contains("system");
  const kind = part("badge").hidden ? "human" : "agent";
  return {
    type: "message",
    id,
    message_id: messageId,
    conversation_id: conversation,
    sender_id: sender,
    sequence_id: Number(sequence),
    thread,
    participant: isSystem ? null : { id: sender, display_name: part("name").textContent, kind },
    created_at: at,
    edited_at: part("edited").hidden ? null : at,
    deleted: deleted !== undefined,
    ...contentOf(part("body")),
    attachments: Array.from(row.querySelectorAll(".file"), fileOf),
    reactions: reactionsOf(row),
    quoted: quotedOf(part("quoted")),
    replies: Number(part("replies").dataset.count || 0),
  };
}

function contentOf(body) {
  const content = body.cloneNode(true);
  const note = content.querySelector(":scope > p.muted"); // ours: what people write has no classes on paragraphs
  note?.remove();
  return { html: content.innerHTML, truncated: note !== null };
}

function fileOf(link) {
  const image = link.querySelector("img");
  const id = link.pathname.split("/").at(-1);
  if (image) return { id, name: image.alt, width: image.width, height: image.height };
  return { id, name: link.querySelector("bdi").textContent, size: Number(link.dataset.size) };
}

function quotedOf(line) {
  if (line.hidden) return null;
  const { about: id, atSequence } = line.dataset;
  const words = (name) => line.querySelector(`.quoted-${name}`).textContent;
  return { id, sequence_id: Number(atSequence) || null, name: words("name"), excerpt: words("text") };
}
