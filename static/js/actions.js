/** What can be done to a message: the tools beside the one that the pointer or the keyboard is on, and their menu. */

import { reactionsOf } from "./render.js";

export class Actions {
  #tools = document.getElementById("tools");
  #menu = document.getElementById("menu");
  #list = document.getElementById("entries");
  #row = null;

  /**
   * @param {object} page
   * @param {string} page.self
   * @param {() => object} page.may what one may do
   * @param {() => string[]} page.pins ids of pinned messages
   * @param {(deed: string, row: HTMLElement, detail?: object) => void} page.act
   */
  constructor(page) {
    this.page = page;
    this.#list.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && this.beside(target));
    this.#list.addEventListener("focusin", ({ target }) => this.beside(target));
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    document.getElementById("main").addEventListener("pointerleave", () => this.#leave());
    this.#tools.addEventListener("click", (event) => this.#pressed(event));
    this.#menu.addEventListener("click", (event) => this.#pressed(event));
    this.#menu.addEventListener("keydown", (event) => this.#move(event));
    this.#menu.addEventListener("toggle", ({ newState }) => {
      this.#tools.querySelector("[data-deed=more]").ariaExpanded = String(newState === "open");
    });
  }

  /** The message that the keyboard is on. */
  get focused() {
    return document.activeElement?.closest("#entries > .message") ?? null;
  }

  /** Put the tools beside the message that an element is in. */
  beside(target) {
    const row = target.closest("#entries > .message");
    if (!row || row === this.#row || this.#menu.matches(":popover-open")) return;
    if (!row.dataset.id || row.dataset.deleted !== undefined) {
      this.#leave();
      return;
    }
    this.#row = row;
    const may = this.page.may();
    this.#part("react").hidden = !may.react;
    this.#part("reply").hidden = !may.react;
    this.#part("edit").hidden = !may.change_own || row.dataset.sender !== this.page.self;
    this.#tools.hidden = false;
    row.querySelector(".message-text").append(this.#tools);
  }

  #part(deed) {
    return this.#tools.querySelector(`[data-deed=${deed}]`);
  }

  #leave() {
    if (this.#menu.matches(":popover-open") || this.#tools.contains(document.activeElement)) return;
    this.#tools.hidden = true;
    this.#row = null;
  }

  #clicked(event) {
    const { target } = event;
    const row = target.closest("#entries > .message");
    if (!row) return;
    const deed = target.closest(".quoted") ? "quoted" : target.closest(".replies") ? "thread" : null;
    const chip = target.closest(".reaction");
    if (chip) this.page.act(chip.dataset.mine === undefined ? "react" : "unreact", row, { emoji: chip.dataset.emoji });
    else if (deed) this.page.act(deed, row);
    else this.beside(target);
    if (chip || deed) event.preventDefault();
  }

  #pressed({ target }) {
    const button = target.closest("[data-deed]");
    if (!button || !this.#row) return;
    const { deed } = button.dataset;
    if (this.#menu.contains(button)) this.#menu.hidePopover();
    if (deed === "more") this.#open(button);
    else if (deed === "react") this.pick(this.#row, button);
    else this.page.act(deed, this.#row);
  }

  /** Let an emoji be picked for a message. */
  async pick(row, beside = row) {
    const { pickEmoji } = await import("./emoji.js");
    pickEmoji(beside, (emoji) => {
      const mine = reactionsOf(row).some((each) => each.mine && each.emoji === emoji);
      if (!mine) this.page.act("react", row, { emoji });
    });
  }

  #open(button) {
    const { id, sender } = this.#row.dataset;
    const may = this.page.may();
    const isPinned = this.page.pins().includes(id);
    const shown = {
      pin: may.pin && !isPinned,
      unpin: may.pin && isPinned,
      delete: sender === this.page.self ? may.change_own : may.delete_others,
    };
    for (const item of this.#menu.children) item.hidden = !(shown[item.dataset.deed] ?? true);
    this.#menu.showPopover();
    const { right, top, bottom } = button.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    const y = bottom + height + 8 < innerHeight ? bottom + 4 : Math.max(8, top - height - 4);
    this.#menu.style.setProperty("top", `${y}px`);
    this.#menu.style.setProperty("left", `${Math.max(8, right - width)}px`);
    this.#items()[0].focus();
  }

  #items() {
    return [...this.#menu.children].filter((item) => !item.hidden);
  }

  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = this.#items();
    items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  }
}
