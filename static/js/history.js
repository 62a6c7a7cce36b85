/** The list of entries: a window into the history that moves both ways, and never holds more than a browser likes. */

import { arrange, markUnread } from "./arrange.js";
import { changeReaction, reactionsOf, showDeleted, showMessage, showNotice, showReactions, showReplies } from "./render.js";
import { rest } from "./rest.js";
import { counted, text } from "./texts.js";
import { showTimes } from "./times.js";

const NEAR_PX = 60;
const AHEAD = "600px 0px"; // how far from the edge the next page is asked for
const MOST = 500; // entries in the page
const ROW = ":scope > .message, :scope > .notice";

export class History {
  #list = document.getElementById("entries");
  #log = document.getElementById("log");
  #scroller = document.getElementById("scroller");
  #newer = document.getElementById("newer");
  #toFirst = document.getElementById("first-unread");
  #older = document.getElementById("older");
  #end = document.getElementById("history-end");
  #behind; // the number behind which there is more, null at the newest
  #loading = false;
  #unseen = 0;
  #unreadLine = null;

  /**
   * @param {object} page
   * @param {string} page.timeline the address of its rows
   * @param {number} page.first_sequence_id the first number that one may read
   * @param {number | null} page.newer the number behind which there is more than the page shows
   * @param {number} page.last_read_sequence_id
   * @param {string} page.self one's own id
   * @param {() => number} page.cursor the number of the newest entry that came
   * @param {() => void} page.seen called when the newest entry may have come into view
   */
  constructor(page) {
    this.page = page;
    this.#behind = page.newer;
    showTimes(this.#list);
    for (const row of this.#list.querySelectorAll(ROW)) {
      if (row.querySelector(".reaction")) showReactions(row, reactionsOf(row));
    }
    arrange([...this.#list.querySelectorAll(ROW)]);
    this.#unreadLine = markUnread(this.#list, page.last_read_sequence_id, page.self);
    this.#offerFirstUnread();
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#newer.addEventListener("click", () => this.toEnd());
    this.#toFirst.addEventListener("click", () => this.toFirstUnread());
    this.#older.addEventListener("click", (event) => this.#pressed(event, () => this.#loadOlder()));
    this.#end.querySelector("a").addEventListener("click", (event) => this.#pressed(event, () => this.toEnd()));
    this.#watch();
  }

  #pressed(event, act) {
    event.preventDefault();
    act();
  }

  #watch() {
    const observer = new IntersectionObserver(
      (seen) => {
        for (const { isIntersecting, target } of seen) {
          if (isIntersecting && target === this.#end) this.#loadNewer();
          else if (isIntersecting && !this.#older.hidden && this.#scroller.scrollTop < 0) this.#loadOlder();
        }
      },
      { root: this.#scroller, rootMargin: AHEAD },
    );
    observer.observe(document.getElementById("history-start"));
    observer.observe(this.#end);
  }

  /** Whether the newest entry is in view. The list is laid out from its end: 0 is the bottom, up is negative. */
  get isAtEnd() {
    return this.#behind === null && this.#scroller.scrollTop > -NEAR_PX;
  }

  get rows() {
    return [...this.#list.querySelectorAll(":scope > .message")];
  }

  /** The element of a message. */
  find(id) {
    return this.#list.querySelector(`:scope > [data-id="${CSS.escape(id)}"]`);
  }

  /** The element of one's own message, by the key it was sent under. */
  findOwn(messageId) {
    const found = this.#list.querySelectorAll(`:scope > [data-message-id="${CSS.escape(messageId)}"]`);
    return [...found].find((row) => row.dataset.sender === this.page.self);
  }

  async toEnd() {
    if (this.#behind !== null) await this.#replace("", () => null);
    this.#scroller.scrollTop = 0;
    this.#scrolled();
  }

  toFirstUnread() {
    this.#toFirst.hidden = true;
    const line = this.#unreadLine?.isConnected ? this.#unreadLine : null;
    if (line) line.scrollIntoView({ block: "start" });
    else this.goTo(this.page.last_read_sequence_id + 1);
  }

  /** Bring an entry into view, wherever in the history it is. */
  async goTo(sequence, id) {
    const find = () =>
      (id && this.find(id)) || [...this.#list.querySelectorAll(ROW)].find((row) => Number(row.dataset.sequence) >= sequence);
    let row = id ? this.find(id) : null;
    if (!row) await this.#replace(`?at=${sequence}`, find);
    row = find();
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.classList.add("found");
    row.addEventListener("animationend", () => row.classList.remove("found"), { once: true });
    row.querySelector(".permalink")?.focus({ preventScroll: true });
  }

  /** The same, where only the message is known. */
  async goToMessage(id) {
    const row = this.find(id);
    const sequence = row?.dataset.sequence ?? (await rest("GET", `/api/v1/messages/${id}`).catch(() => null))?.sequence_id;
    if (sequence) await this.goTo(Number(sequence), id);
  }

  /** What was said first since a moment. */
  async goToDate(moment) {
    const since = () => [...this.#list.querySelectorAll(ROW)].find((row) => new Date(row.dataset.at) >= moment);
    await this.#replace(`?date=${encodeURIComponent(moment.toISOString())}`, since);
    since()?.scrollIntoView({ block: "start" });
  }

  /** A line about something that other frames told. */
  note(element) {
    this.#keepingPlace(() => this.#list.append(element));
  }

  /** Change something below the entries; who reads the end stays there. */
  keepEnd(change) {
    this.#keepingPlace(change);
  }

  get title() {
    return document.getElementById("title").textContent;
  }

  #scrolled() {
    if (this.#unreadLine?.isConnected && this.#unreadLine.getBoundingClientRect().top > 0) this.#toFirst.hidden = true;
    if (!this.isAtEnd) {
      this.#offerNewest();
      return;
    }
    this.#unseen = 0;
    this.#newer.hidden = true;
    this.page.seen();
  }

  #offerNewest() {
    const isFar = this.#behind !== null || this.#scroller.scrollTop < -this.#scroller.clientHeight;
    this.#newer.hidden = !isFar && !this.#unseen;
    this.#newer.textContent = this.#unseen ? counted("new", this.#unseen) : text("newest");
  }

  #offerFirstUnread() {
    const line = this.#unreadLine;
    const isAbove = line && line.getBoundingClientRect().top < this.#scroller.getBoundingClientRect().top;
    const isBefore = !line && !this.#older.hidden && this.#first() > this.page.last_read_sequence_id + 1;
    this.#toFirst.hidden = !(isAbove || (isBefore && this.page.has_unread));
    this.#toFirst.textContent = text("first_unread");
  }

  /** A new entry behind those that are stored, ahead of one's own that are not yet. */
  show(entry) {
    if (entry.id && this.#change(entry)) return;
    const isOwn = entry.type === "message" && entry.sender_id === this.page.self;
    const standing = isOwn ? this.findOwn(entry.message_id) : undefined;
    if (this.#behind !== null && !standing) {
      this.#missed(entry);
      return;
    }
    if (entry.type === "message" && !standing?.dataset.state && this.find(entry.id)) return; // the page had it
    const element = entry.type === "message" ? showMessage(entry, standing) : showNotice(entry);
    if (!element) return;
    this.#keepingPlace(() => {
      const pending = this.#list.querySelector(":scope > [data-state]");
      if (element !== standing || pending?.compareDocumentPosition(element) === Node.DOCUMENT_POSITION_FOLLOWING) {
        this.#list.insertBefore(element, pending);
      }
      arrange([element, ...following(element)]);
    });
    if (!this.isAtEnd && !isOwn) this.#missed(entry);
    this.#prune("first");
  }

  #missed(entry) {
    if (entry.type === "message" && entry.sender_id !== this.page.self) this.#unseen += 1;
    this.#offerNewest();
  }

  /** One's own message at the very end, and the end in view. */
  async add(element) {
    element.setAttribute("aria-live", "off"); // whoever wrote it knows it
    if (this.#behind !== null) await this.toEnd();
    this.#list.append(element);
    arrange([element]);
    this.#scroller.scrollTop = 0;
    this.#scrolled();
  }

  remove(element) {
    const next = following(element);
    element.remove();
    arrange(next);
  }

  #change(entry) {
    if (entry.type === "message") return false;
    const element = this.find(entry.id);
    if (!element) return true;
    this.#keepingPlace(() => {
      if (entry.type === "message_edited") showMessage(entry, element);
      else if (entry.type === "message_deleted") showDeleted(element);
      else if (entry.type.startsWith("reaction_")) changeReaction(element, entry, entry.participant.id === this.page.self);
    });
    return true;
  }

  /** A message replies to one that is here. */
  countReply(root) {
    const element = this.find(root);
    if (element) showReplies(element, Number(element.querySelector(".replies").dataset.count || 0) + 1);
  }

  /** What is read stays where it is, whatever comes in or goes below it. */
  #keepingPlace(change) {
    const { scrollTop, scrollHeight } = this.#scroller;
    const stays = !this.isAtEnd;
    change();
    if (stays) this.#scroller.scrollTop = scrollTop - (this.#scroller.scrollHeight - scrollHeight);
  }

  // --- pages of history ---------------------------------------------------------------------------------------------------

  #first() {
    return Number(this.#list.querySelector(ROW)?.dataset.sequence ?? this.page.first_sequence_id);
  }

  async #loadOlder() {
    const before = new URL(this.#older.href).searchParams.get("before");
    await this.#quietly(async () => {
      const { rows, older } = await rest("GET", `${this.page.timeline}?before=${before}`);
      const first = this.#list.querySelector(ROW);
      const made = elements(rows);
      this.#list.prepend(...made);
      arrange([...made, first]);
      this.#olderFrom(older);
      this.#prune("last");
    });
  }

  async #loadNewer() {
    if (this.#behind === null) return;
    await this.#quietly(async () => {
      const { rows, newer, cursor } = await rest("GET", `${this.page.timeline}?after=${this.#behind}`);
      const made = elements(rows.filter((row) => !row.id || !this.find(row.id)));
      this.#keepingPlace(() => {
        this.#list.append(...made);
        arrange(made);
      });
      this.#newerFrom(newer, cursor);
      this.#prune("first");
    });
  }

  async #replace(query, find) {
    await this.#quietly(async () => {
      const { rows, older, newer, cursor } = await rest("GET", `${this.page.timeline}${query}`);
      const pending = newer === null ? [...this.#list.querySelectorAll(":scope > [data-state]")] : [];
      const made = elements(rows);
      this.#list.replaceChildren(...made, ...pending);
      arrange([...made, ...pending]);
      this.#olderFrom(older);
      this.#newerFrom(newer, cursor);
      this.#unreadLine = markUnread(this.#list, this.page.last_read_sequence_id, this.page.self);
      find()?.scrollIntoView({ block: "center" });
    });
  }

  /** History is not news to a screen reader; and one page at a time is enough. */
  async #quietly(load) {
    if (this.#loading) return;
    this.#loading = true;
    this.#log.ariaLive = "off";
    this.#log.ariaBusy = "true";
    try {
      await load();
    } catch {
      // Offline: the links stay, and are tried again by hand or by scrolling.
    } finally {
      this.#loading = false;
      this.#log.ariaBusy = null;
      requestAnimationFrame(() => (this.#log.ariaLive = "polite"));
    }
  }

  #olderFrom(number) {
    this.#older.hidden = number === null;
    if (number !== null) this.#older.href = `?before=${number}`;
    document.getElementById("beginning").hidden = number !== null;
  }

  #newerFrom(number, cursor) {
    // What came by the socket meanwhile was not shown: it is read with the next page.
    this.#behind = number ?? (cursor < this.page.cursor() ? cursor : null);
    this.#end.hidden = this.#behind === null;
    if (this.#behind === null) this.#scrolled();
  }

  /** Let go of what is furthest from what is read. */
  #prune(side) {
    const rows = [...this.#list.querySelectorAll(ROW)].filter((row) => !row.dataset.state);
    if (rows.length <= MOST) return;
    const gone = side === "first" ? rows.slice(0, rows.length - MOST) : rows.slice(MOST);
    const kept = side === "first" ? rows[rows.length - MOST] : rows[MOST - 1];
    this.#keepingPlace(() => {
      for (const row of gone) {
        if (row.previousElementSibling?.matches(".day, .unread-line")) row.previousElementSibling.remove();
        row.remove();
      }
      arrange([kept]);
    });
    if (side === "first") this.#olderFrom(Number(kept.dataset.sequence));
    else this.#newerFrom(Number(kept.dataset.sequence), 0);
  }
}

function elements(rows) {
  return rows.map((row) => (row.type === "message" ? showMessage(row) : showNotice(row))).filter(Boolean);
}

function following(element) {
  const next = element.nextElementSibling;
  return next ? [next, next.nextElementSibling].filter(Boolean) : [];
}
