/**
 * A click on another conversation shows what this browser keeps of it at once, to be read, while its page is on the way;
 * without a line until there is one. The page that one comes from stays as it is below, and one can go back to it.
 */

import { arrange } from "./arrange.js";
import * as kept from "./kept.js";
import { sheet } from "./later.js";
import { clone, setText, showMessage } from "./render.js";
import { text } from "./texts.js";

const PAGE = "#main, #people, .pane > .bar";
const PROBE = "/health/live";
const PATIENCE_MS = 1500; // until it is said that there is no line
const LONGEST_MS = 15_000;

const narrow = matchMedia("(max-width: 51.99rem)"); // there the view is over all of the window

export class Returning {
  #page;
  #pane = document.querySelector(".pane");
  #known = new Set();
  #view = null;
  #below = [];
  #wanted = null;
  #isLate = false;
  #before = null; // what the view takes the place of: the title, the row of the sidebar

  /**
   * @param {object} page
   * @param {string} page.self
   * @param {string} [page.conversation] what the page is about
   * @param {import("./connection.js").Connection} page.connection
   * @param {() => void} [page.back] called when the page is in view again
   */
  constructor(page) {
    this.#page = page;
    document.getElementById("conversations")?.addEventListener("click", (event) => this.#clicked(event));
    page.connection.watch((state) => state === "open" && this.#go());
    addEventListener("online", () => this.#go());
    addEventListener("pageshow", ({ persisted }) => persisted && this.close());
    this.#begin();
  }

  async #begin() {
    const [known] = await Promise.all([kept.tidy(this.#page.self, listed()), sheet("conversation"), sheet("tools")]);
    this.#known = known;
    performance.mark("returning");
  }

  /** One is no longer in a conversation. */
  forget(conversation) {
    this.#known.delete(conversation);
    if (this.#wanted?.dataset.conversation === conversation) this.close();
    return kept.forget(this.#page.self, conversation);
  }

  #clicked(event) {
    const row = event.target.closest("[data-conversation]");
    if (!row || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const { conversation } = row.dataset;
    if (conversation === this.#page.conversation && this.#view) {
      event.preventDefault();
      this.close();
    } else if (conversation !== this.#page.conversation && this.#known.has(conversation)) {
      event.preventDefault();
      this.#show(row);
    }
  }

  async #show(row) {
    this.#wanted = row;
    this.#isLate = false;
    this.#go();
    const { conversation } = row.dataset;
    const found = await kept.read(this.#page.self, conversation);
    if (this.#wanted !== row) return;
    this.#uncover();
    if (found) this.#cover(row, found);
    else location.assign(row.href);
  }

  #cover(row, { title, description, messages }) {
    const view = clone("kept-template");
    const list = view.querySelector(".kept-entries");
    setText(view, "kept-title", title);
    setText(view, "kept-description", description);
    view.querySelector(".kept-description").parentElement.hidden = !description;
    view.querySelector(".kept-back").addEventListener("click", (event) => this.#back(event));
    list.append(...messages.map((message) => showMessage(message)));
    for (const button of list.querySelectorAll("button")) button.disabled = true;
    list.addEventListener("click", (event) => event.target.closest("a") && event.preventDefault());
    this.#below = [...document.querySelectorAll(narrow.matches ? `${PAGE}, .sidebar, .side-foot` : PAGE)];
    for (const part of this.#below) part.inert = true;
    this.#pane.append(view);
    arrange([...list.children]);
    if (narrow.matches) view.querySelector(".kept-back").focus();
    const current = document.querySelector("#conversations [aria-current]");
    this.#before = { title: document.title, current };
    current?.removeAttribute("aria-current");
    row.setAttribute("aria-current", "page");
    document.title = `${title} · Chat`;
    this.#view = view;
    if (this.#isLate) this.#tell();
  }

  #back(event) {
    if (this.#page.conversation) return; // then the way back is the list, as it is on every conversation's page
    event.preventDefault();
    this.close();
  }

  #uncover() {
    if (!this.#view) return;
    this.#view.remove();
    this.#view = null;
    for (const part of this.#below) part.inert = false;
    document.querySelector("#conversations [aria-current]")?.removeAttribute("aria-current");
    this.#before.current?.setAttribute("aria-current", "page");
    document.title = this.#before.title;
  }

  /** Stay on this page. */
  close() {
    const row = this.#wanted;
    this.#wanted = null;
    this.#uncover();
    if (narrow.matches) row?.focus();
    this.#page.back?.();
  }

  /** Go where one wants to, if there is a line: a browser's own page about a dead one would be in the way. */
  async #go() {
    const row = this.#wanted;
    if (!row) return;
    const timer = setTimeout(() => this.#tell(), PATIENCE_MS);
    try {
      await fetch(PROBE, { cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
      if (this.#wanted === row) location.assign(row.href);
    } catch {
      this.#tell(); // tried again with the next line
    } finally {
      clearTimeout(timer);
    }
  }

  #tell() {
    this.#isLate = true;
    if (!this.#view) return;
    const banner = this.#view.querySelector(".banner");
    banner.hidden = false;
    banner.textContent = text("kept");
    this.#view.querySelector("[role=log]").ariaBusy = "false"; // it is to be read
  }
}

/** One's conversations, as the sidebar has them: its first page, of all. */
function listed() {
  const isAll = !document.querySelector(".side-more [rel=prev]") && !document.getElementById("side-filter")?.defaultValue;
  const rows = document.querySelectorAll("#conversations [data-conversation]");
  return isAll ? new Set(Array.from(rows, (row) => row.dataset.conversation)) : null;
}
