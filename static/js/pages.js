/** Pages of history: the window moves both ways, and never holds more than a browser likes. */

import { arrange } from "./arrange.js";
import { MOST, ROW } from "./history.js";
import { showMessage, showNotice } from "./render.js";
import { rest } from "./rest.js";

export class Pages {
  #history;
  #page;
  #list = document.getElementById("entries");
  #log = document.getElementById("log");
  #older = document.getElementById("older");
  #end = document.getElementById("history-end");
  #loading = false;

  /**
   * @param {import("./history.js").History} history the window
   * @param {object} page as the history has it
   */
  constructor(history, page) {
    this.#history = history;
    this.#page = page;
  }

  /** Bring an entry into view, wherever in the history it is. */
  async goTo(sequence, id) {
    const find = () => (id && this.#history.find(id)) || this.#rows.find((row) => Number(row.dataset.sequence) >= sequence);
    let row = id ? this.#history.find(id) : null;
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
    const row = this.#history.find(id);
    const sequence = row?.dataset.sequence ?? (await rest("GET", `/api/v1/messages/${id}`).catch(() => null))?.sequence_id;
    if (sequence) await this.goTo(Number(sequence), id);
  }

  /** What was said first since a moment. */
  async goToDate(moment) {
    const since = () => this.#rows.find((row) => new Date(row.dataset.at) >= moment);
    await this.#replace(`?date=${encodeURIComponent(moment.toISOString())}`, since);
    since()?.scrollIntoView({ block: "start" });
  }

  /** The newest page in place of all others. */
  newest() {
    return this.#replace("", () => null);
  }

  get #rows() {
    return [...this.#list.querySelectorAll(ROW)];
  }

  /** The page before what is here. */
  async older() {
    const before = new URL(this.#older.href).searchParams.get("before");
    await this.#quietly(async () => {
      const { rows, older } = await rest("GET", `${this.#page.timeline}?before=${before}`);
      const first = this.#list.querySelector(ROW);
      const made = elements(rows);
      this.#list.prepend(...made);
      arrange([...made, first]);
      this.#olderFrom(older);
      this.prune("last");
    });
  }

  /** The page behind what is here. */
  async newer() {
    if (this.#history.behind === null) return;
    await this.#quietly(async () => {
      const { rows, newer, cursor } = await rest("GET", `${this.#page.timeline}?after=${this.#history.behind}`);
      const made = elements(rows.filter((row) => !row.id || !this.#history.find(row.id)));
      this.#history.keepEnd(() => {
        this.#list.append(...made);
        arrange(made);
      });
      this.#newerFrom(newer, cursor);
      this.prune("first");
    });
  }

  async #replace(query, find) {
    await this.#quietly(async () => {
      const { rows, older, newer, cursor } = await rest("GET", `${this.#page.timeline}${query}`);
      const pending = newer === null ? [...this.#list.querySelectorAll(":scope > [data-state]")] : [];
      const made = elements(rows);
      this.#list.replaceChildren(...made, ...pending);
      arrange([...made, ...pending]);
      this.#olderFrom(older);
      this.#newerFrom(newer, cursor);
      this.#history.markUnread();
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
    const behind = number ?? (cursor < this.#page.cursor() ? cursor : null);
    this.#history.keepEnd(() => (this.#end.hidden = behind === null)); // it takes room below what is read
    this.#history.behind = behind;
    if (behind === null) this.#history.scrolled();
  }

  /** Let go of what is furthest from what is read, `first` or `last` of all. */
  prune(side) {
    const rows = this.#rows.filter((row) => !row.dataset.state);
    if (rows.length <= MOST) return;
    const gone = side === "first" ? rows.slice(0, rows.length - MOST) : rows.slice(MOST);
    const kept = side === "first" ? rows[rows.length - MOST] : rows[MOST - 1];
    this.#history.keepEnd(() => {
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
