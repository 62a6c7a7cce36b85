/** What one has begun to write: kept here at once, and on the server a moment later, for one's other devices. */

import { rest } from "./rest.js";
import * as store from "./store.js";

const HERE_MS = 250;
const THERE_MS = 2000;

export class Draft {
  #key;
  #address;
  #here = null;
  #there = null;
  #isThere;

  /**
   * @param {string} self whose
   * @param {string} conversation
   * @param {string} stored what the server has
   */
  constructor(self, conversation, stored) {
    this.#key = `${self}:${conversation}`;
    this.#address = `/api/v1/conversations/${conversation}/draft`;
    this.#isThere = Boolean(stored);
  }

  /** What was written here and may not have reached the server; undefined if all has. */
  async read() {
    return (await store.get("drafts", this.#key))?.content;
  }

  /** Keep what is in the field. */
  write(content) {
    clearTimeout(this.#here);
    clearTimeout(this.#there);
    if (!content) {
      this.clear();
      return;
    }
    this.#here = setTimeout(() => store.put("drafts", { key: this.#key, content }), HERE_MS);
    this.#there = setTimeout(() => this.#send(content), THERE_MS);
  }

  async #send(content) {
    try {
      await rest("PUT", this.#address, { content });
      this.#isThere = true;
      await store.remove("drafts", this.#key);
    } catch {
      // Kept here until it can be sent: with the next change, or after signing in again.
    }
  }

  /** It was sent, or emptied. */
  async clear() {
    clearTimeout(this.#here);
    clearTimeout(this.#there);
    await store.remove("drafts", this.#key);
    if (!this.#isThere) return;
    this.#isThere = false;
    await rest("DELETE", this.#address).catch(() => (this.#isThere = true));
  }

  /** Now, as the page may be going away. */
  keep(content) {
    if (!content || this.#here === null) return;
    clearTimeout(this.#here);
    store.put("drafts", { key: this.#key, content });
  }
}
