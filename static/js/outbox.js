/**
 * What was written and is not known to be stored, of all conversations. A message keeps its `message_id` however often
 * it is sent, so it is stored once; it is kept in the browser's database, so a closed tab does not lose it; and one tab
 * at a time sends, one message after the other, so they arrive in the order they were written in.
 */

import * as store from "./store.js";

const PATIENCE_MS = 15_000; // without an answer the line counts as dead
const WAITING = new Set(["rate_limited", "slow_mode", "queue_full", "unavailable"]); // better in a moment, by themselves
const SHORTEST_S = 1;
const TAKE_OVER_MS = 3000;

export class Outbox {
  #self;
  #page;
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("chat-outbox") : null;
  #answers = new Map();
  #held = new Map();
  #running = false;
  #again = false;
  #timer = null;

  /**
   * @param {string} self whose messages
   * @param {object} page
   * @param {(command: object) => boolean} page.transmit put a command on the line; false if there is none
   * @param {() => void} page.drop give the line up: it does not answer
   * @param {(item: object, state: string, detail?: object) => void} page.changed a message is now `sending`,
   *   `waiting` (with `until`), `delivered` (with its `ack`), `failed` (with its `reason`) or `discarded`
   */
  constructor(self, page) {
    this.#self = self;
    this.#page = page;
    this.#channel?.addEventListener("message", ({ data }) => this.#hear(data));
  }

  /** Unsent messages, oldest first. */
  async items(conversation) {
    const rows = (await store.all("outbox")).filter((item) => item.participant === this.#self);
    return conversation ? rows.filter((item) => item.conversation_id === conversation) : rows;
  }

  /** Take a message over. It is sent as soon as it can be, whatever happens to the page. */
  async add(item) {
    const row = { ...item, participant: this.#self, reason: null, written_at: new Date().toISOString() };
    const key = await store.put("outbox", row);
    row.order = key;
    this.#tell({ added: row });
    this.flush();
    return row;
  }

  async #find(messageId) {
    return (await this.items()).find((item) => item.message_id === messageId);
  }

  /** Try a refused message once more. */
  async retry(messageId) {
    const item = await this.#find(messageId);
    if (!item) return;
    item.reason = null;
    await store.put("outbox", item);
    this.#change(item, "sending");
    this.flush();
  }

  async discard(messageId) {
    const item = await this.#find(messageId);
    if (item) await store.remove("outbox", item.order);
    if (item) this.#change(item, "discarded");
  }

  /** An ack, or an error that names a message: the answer to what was sent. */
  answer(frame) {
    this.#answers.get(frame.message_id)?.(frame);
  }

  /** The line is gone: whatever was on it is sent again with the next one. */
  lost() {
    for (const settle of this.#answers.values()) settle(null);
  }

  /** Send what can be sent. Of all tabs of this browser one does it at a time. */
  async flush() {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#again) {
        this.#again = false;
        const pass = () => this.#pass();
        if (navigator.locks) await navigator.locks.request(`chat-outbox-${this.#self}`, pass);
        else await pass();
      }
    } finally {
      this.#running = false;
    }
  }

  async #pass() {
    for (;;) {
      const now = Date.now();
      const items = (await this.items()).filter((item) => item.reason === null);
      const next = items.find((item) => (this.#held.get(item.conversation_id) ?? 0) <= now);
      if (!next) return this.#comeBack(items);
      const answer = await this.#send(next);
      if (!answer) return undefined; // with the next line
      await this.#settle(next, answer);
    }
  }

  #comeBack(items) {
    clearTimeout(this.#timer);
    const times = items.map((item) => this.#held.get(item.conversation_id));
    if (times.length) this.#timer = setTimeout(() => this.flush(), Math.max(0, Math.min(...times) - Date.now()));
  }

  #send(item) {
    const { message_id, conversation_id, content, reply_to, attachments } = item;
    const command = { type: "message", message_id, conversation_id, content };
    if (reply_to) command.reply_to = reply_to;
    if (attachments?.length) command.attachments = attachments.map(({ id }) => id);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        settle(null);
        this.#page.drop(); // the same again over the next line
      }, PATIENCE_MS);
      const settle = (answer) => {
        clearTimeout(timer);
        this.#answers.delete(message_id);
        resolve(answer);
      };
      this.#answers.set(message_id, settle);
      this.#change(item, "sending");
      if (!this.#page.transmit(command)) settle(null);
    });
  }

  async #settle(item, answer) {
    if (answer.type === "message_ack") {
      await store.remove("outbox", item.order);
      this.#change(item, "delivered", { ack: answer });
    } else if (WAITING.has(answer.code)) {
      const until = Date.now() + Math.max(SHORTEST_S, answer.retry_after ?? SHORTEST_S) * 1000;
      this.#held.set(item.conversation_id, until);
      this.#change(item, "waiting", { until });
    } else {
      item.reason = answer.message;
      await store.put("outbox", item);
      this.#change(item, "failed", { reason: answer.message, code: answer.code });
    }
  }

  #change(item, state, detail = {}) {
    this.#page.changed(item, state, detail);
    this.#tell({ item, state, detail });
  }

  #tell(news) {
    this.#channel?.postMessage(news);
  }

  /** What another tab did. */
  #hear({ added, item, state, detail }) {
    const about = added ?? item;
    if (about.participant !== this.#self) return;
    this.#page.changed(about, added ? "sending" : state, detail ?? {});
    // Should that tab be gone before it was sent, this one sends it.
    if (added) setTimeout(() => this.flush(), TAKE_OVER_MS);
  }
}

/** A key for one message. Not crypto.randomUUID(): that is missing on plain http. */
export function newMessageId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
