/**
 * What was written and is not known to be stored. Each message keeps its `message_id` however often it is sent, so it
 * is stored once; and it is kept with the tab, so a reload does not lose it.
 */

export class Outbox {
  #key;
  #items;

  /** @param {string} key whose messages, and to where */
  constructor(key) {
    this.#key = `outbox:${key}`;
    this.#items = this.#read();
  }

  /** Oldest first: `{message_id, content, reason}`; `reason` says why it failed, null while it is on its way. */
  get items() {
    return [...this.#items];
  }

  find(messageId) {
    return this.#items.find((item) => item.message_id === messageId);
  }

  add(content) {
    const item = { message_id: newMessageId(), content, reason: null };
    this.#items.push(item);
    this.#write();
    return item;
  }

  mark(messageId, reason) {
    const item = this.find(messageId);
    if (item) item.reason = reason;
    this.#write();
    return item;
  }

  remove(messageId) {
    const item = this.find(messageId);
    this.#items = this.#items.filter((other) => other !== item);
    this.#write();
    return item;
  }

  #read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? [];
    } catch {
      return []; // storage is off, or holds something else
    }
  }

  #write() {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#items));
    } catch {
      // Storage is off or full: the message is still sent, it would just not outlive a reload.
    }
  }
}

/** Not crypto.randomUUID(): that is missing on plain http. */
function newMessageId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
