/** The list of entries: where each goes, and what the reader sees of it. */

import { regroup, showMessage, showNotice } from "./render.js";
import { showTimes } from "./times.js";

const NEAR_PX = 60;
const PAGE = 50;

export class History {
  #list = document.getElementById("entries");
  #scroller = document.getElementById("scroller");
  #newer = document.getElementById("newer");
  #older = document.getElementById("older");

  /**
   * @param {object} page
   * @param {string} page.events the address of the log
   * @param {number} page.first the first number that one may read
   * @param {string} page.self one's own id
   * @param {() => void} page.seen called when the newest entry may have come into view
   */
  constructor(page) {
    this.page = page;
    showTimes(this.#list);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#newer.addEventListener("click", () => this.toEnd());
    this.#older.addEventListener("click", (event) => {
      event.preventDefault();
      this.#loadOlder();
    });
  }

  /** Whether the newest entry is in view. The list is laid out from its end: 0 is the bottom, up is negative. */
  get isAtEnd() {
    return this.#scroller.scrollTop > -NEAR_PX;
  }

  toEnd() {
    this.#scroller.scrollTop = 0;
    this.#scrolled();
  }

  #scrolled() {
    if (!this.isAtEnd) return;
    this.#newer.hidden = true;
    this.page.seen();
  }

  /** The element of one's own message, by the key it was sent under. */
  findOwn(messageId) {
    return [...this.#list.children].find(
      (row) => row.dataset.messageId === messageId && row.dataset.sender === this.page.self,
    );
  }

  /** A new entry behind those that are stored, ahead of one's own that are not yet. */
  show(entry) {
    if (entry.type === "message_edited" || entry.type === "message_deleted") {
      this.#change(entry);
      return;
    }
    const isOwn = entry.type === "message" && entry.sender_id === this.page.self;
    const standing = isOwn ? this.findOwn(entry.message_id) : undefined;
    const element = entry.type === "message" ? showMessage(entry, standing) : showNotice(entry);
    if (!element) return;
    this.#keepingPlace(() => {
      const pending = this.#list.querySelector(":scope > [data-state]");
      if (element !== standing || pending?.compareDocumentPosition(element) === Node.DOCUMENT_POSITION_FOLLOWING) {
        this.#list.insertBefore(element, pending);
      }
      this.#regroupFrom(element);
    });
    if (!this.isAtEnd && !isOwn) this.#newer.hidden = false;
  }

  /** One's own message at the very end, and the end in view. */
  add(element) {
    this.#list.append(element);
    regroup(element);
    this.toEnd();
  }

  remove(element) {
    const next = element.nextElementSibling;
    element.remove();
    regroup(next);
  }

  #regroupFrom(element) {
    regroup(element);
    regroup(element.nextElementSibling);
  }

  #change(entry) {
    const element = [...this.#list.children].find((row) => row.dataset.id === entry.id);
    if (!element) return;
    if (entry.type === "message_edited") showMessage(entry, element);
    else element.querySelector(".body").textContent = "This message was deleted.";
  }

  /** What is read stays where it is, whatever comes in below it. */
  #keepingPlace(change) {
    const { scrollTop, scrollHeight } = this.#scroller;
    const stays = !this.isAtEnd;
    change();
    if (stays) this.#scroller.scrollTop = scrollTop - (this.#scroller.scrollHeight - scrollHeight);
  }

  async #loadOlder() {
    const before = Number(new URL(this.#older.href).searchParams.get("before"));
    const after = Math.max(this.page.first, before - PAGE) - 1;
    const log = this.#list.parentElement;
    this.#older.ariaDisabled = "true";
    try {
      const entries = await this.#read(after, before);
      log.ariaLive = "off"; // history is not news
      const following = this.#list.firstElementChild;
      const rows = entries.map((entry) => (entry.type === "message" ? showMessage(entry) : showNotice(entry)));
      this.#list.prepend(...rows.filter(Boolean));
      [...this.#list.children].slice(0, rows.length + 1).forEach(regroup);
      this.#olderFrom(after + 1);
      (following?.previousElementSibling ?? this.#scroller).scrollIntoView({ block: "nearest" });
    } catch {
      location.assign(this.#older.href);
    } finally {
      this.#older.ariaDisabled = null;
      requestAnimationFrame(() => (log.ariaLive = "polite"));
    }
  }

  #olderFrom(number) {
    this.#older.href = `?before=${number}`;
    this.#older.hidden = number <= this.page.first;
    document.getElementById("beginning").hidden = !this.#older.hidden;
  }

  async #read(after, before) {
    const found = [];
    for (let cursor = after; cursor < before - 1; cursor = found.at(-1).sequence_id) {
      const response = await fetch(`${this.page.events}?after=${cursor}&limit=${before - 1 - cursor}`);
      const { events } = await response.json();
      if (!response.ok || !events.length) break;
      found.push(...events);
    }
    return found;
  }
}
