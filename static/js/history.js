/** The list of entries: a window into the history. What moves it further than it reaches is in pages.js. */

import { arrange, markUnread } from "./arrange.js";
import { later } from "./later.js";
import { changeReaction, reactionsOf, showDeleted, showMessage, showNotice, showReactions, showReplies } from "./render.js";
import { counted, text } from "./texts.js";
import { showTimes } from "./times.js";

const NEAR_PX = 60;
const AHEAD = "600px 0px"; // how far from the edge the next page is asked for

export const MOST = 500; // entries in the page
export const ROW = ":scope > .message, :scope > .notice";

export class History {
  #list = document.getElementById("entries");
  #scroller = document.getElementById("scroller");
  #newer = document.getElementById("newer");
  #toFirst = document.getElementById("first-unread");
  #older = document.getElementById("older");
  #end = document.getElementById("history-end");
  #unseen = 0;
  #unreadLine = null;
  #pages = later(async () => new (await import("./pages.js")).Pages(this, this.page));

  /** The number behind which there is more, null at the newest. */
  behind;

  /**
   * @param {object} page
   * @param {string} page.timeline the address of its rows
   * @param {number} page.first_sequence_id the first number that one may read
   * @param {number | null} page.newer the number behind which there is more than the page shows
   * @param {number} page.last_read_sequence_id
   * @param {string} page.self one's own id
   * @param {() => number} page.cursor the number of the newest entry that came
   * @param {() => void} page.seen called when the newest entry may have come into view
   * @param {(problem: Error) => void} page.missing called when what was asked for cannot be fetched
   */
  constructor(page) {
    this.page = page;
    this.behind = page.newer;
    showTimes(this.#list);
    for (const row of this.#list.querySelectorAll(ROW)) {
      if (row.querySelector(".reaction")) showReactions(row, reactionsOf(row));
    }
    arrange([...this.#list.querySelectorAll(ROW)]);
    this.markUnread();
    this.#offerFirstUnread();
    this.#scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.#newer.addEventListener("click", () => this.toEnd());
    this.#toFirst.addEventListener("click", () => this.toFirstUnread());
    this.#older.addEventListener("click", (event) => this.#pressed(event, () => this.#further((pages) => pages.older())));
    this.#end.querySelector("a").addEventListener("click", (event) => this.#pressed(event, () => this.toEnd()));
    this.#watch();
  }

  #pressed(event, act) {
    event.preventDefault();
    act();
  }

  /** Move the window. Without a line what is here stays, and so do the links by which to try again. */
  async #further(move) {
    try {
      await move(await this.#pages());
    } catch (problem) {
      this.page.missing(problem);
    }
  }

  /** Have at hand what moves the window. */
  prepare() {
    return this.#pages();
  }

  #watch() {
    const observer = new IntersectionObserver(
      (seen) => {
        for (const { isIntersecting, target } of seen) {
          if (isIntersecting && target === this.#end) this.#further((pages) => pages.newer());
          else if (isIntersecting && !this.#older.hidden && this.#scroller.scrollTop < 0) this.#further((pages) => pages.older());
        }
      },
      { root: this.#scroller, rootMargin: AHEAD },
    );
    observer.observe(document.getElementById("history-start"));
    observer.observe(this.#end);
  }

  /** Whether the newest entry is in view. The list is laid out from its end: 0 is the bottom, up is negative. */
  get isAtEnd() {
    return this.behind === null && this.#scroller.scrollTop > -NEAR_PX;
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
    if (this.behind !== null) await this.#further((pages) => pages.newest());
    this.#scroller.scrollTop = 0;
    this.scrolled();
  }

  toFirstUnread() {
    this.#toFirst.hidden = true;
    const line = this.#unreadLine?.isConnected ? this.#unreadLine : null;
    if (line) line.scrollIntoView({ block: "start" });
    else this.goTo(this.page.last_read_sequence_id + 1);
  }

  /** Bring an entry into view, wherever in the history it is. */
  goTo(sequence, id) {
    return this.#further((pages) => pages.goTo(sequence, id));
  }

  /** The same, where only the message is known. */
  goToMessage(id) {
    return this.#further((pages) => pages.goToMessage(id));
  }

  /** What was said first since a moment. */
  goToDate(moment) {
    return this.#further((pages) => pages.goToDate(moment));
  }

  /** A line about something that other frames told. */
  note(element) {
    this.keepEnd(() => this.#list.append(element));
  }

  /** Change something. What is read stays where it is, whatever comes or goes above or below it; who reads the end stays there. */
  keepEnd(change) {
    const read = this.isAtEnd ? null : this.#inView();
    const place = read?.getBoundingClientRect().top;
    change();
    if (read?.isConnected) this.#scroller.scrollTop += read.getBoundingClientRect().top - place;
  }

  /** The first row that is in view. */
  #inView() {
    const { top } = this.#scroller.getBoundingClientRect();
    return [...this.#list.querySelectorAll(ROW)].find((row) => row.getBoundingClientRect().bottom > top);
  }

  /** Draw the line above what is not read. */
  markUnread() {
    this.#unreadLine = markUnread(this.#list, this.page.last_read_sequence_id, this.page.self);
  }

  get title() {
    return document.getElementById("title").textContent;
  }

  /** Another part is in view. */
  scrolled() {
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
    const isFar = this.behind !== null || this.#scroller.scrollTop < -this.#scroller.clientHeight;
    this.#newer.hidden = !isFar && !this.#unseen;
    this.#newer.textContent = this.#unseen ? counted("new", this.#unseen) : text("newest");
  }

  #first() {
    return Number(this.#list.querySelector(ROW)?.dataset.sequence ?? this.page.first_sequence_id);
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
    if (this.behind !== null && !standing) {
      this.#missed(entry);
      return;
    }
    if (entry.type === "message" && !standing?.dataset.state && this.find(entry.id)) return; // the page had it
    const element = entry.type === "message" ? showMessage(entry, standing) : showNotice(entry);
    if (!element) return;
    this.keepEnd(() => {
      const pending = this.#list.querySelector(":scope > [data-state]");
      if (element !== standing || pending?.compareDocumentPosition(element) === Node.DOCUMENT_POSITION_FOLLOWING) {
        this.#list.insertBefore(element, pending);
      }
      arrange([element, ...following(element)]);
    });
    if (!this.isAtEnd && !isOwn) this.#missed(entry);
    if (this.#list.childElementCount > MOST) this.#further((pages) => pages.prune("first"));
  }

  #missed(entry) {
    if (entry.type === "message" && entry.sender_id !== this.page.self) this.#unseen += 1;
    this.#offerNewest();
  }

  /** One's own message at the very end, and the end in view. */
  async add(element) {
    element.setAttribute("aria-live", "off"); // whoever wrote it knows it
    if (this.behind !== null) await this.toEnd();
    this.#list.append(element);
    arrange([element]);
    this.#scroller.scrollTop = 0;
    this.scrolled();
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
    this.keepEnd(() => {
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
}

function following(element) {
  const next = element.nextElementSibling;
  return next ? [next, next.nextElementSibling].filter(Boolean) : [];
}
