/** The field that one writes in: Enter sends, Shift+Enter starts a line, it grows; and what is written is about something. */

import { nodes, text } from "./texts.js";

const TYPING_MS = 3000;
const ROWS = 5; // where the browser cannot let the field grow by itself
const touch = matchMedia("(pointer: coarse)");
const grows = CSS.supports("field-sizing", "content");

export class Composer {
  #form;
  #field;
  #error = document.getElementById("composer-error");
  #bar = document.getElementById("about");
  #typedAt = 0;
  #kept = ""; // what was in the field before an edit

  /** What is being written: `{kind: "reply" | "edit", id, quoted?}`; null for a message of its own. */
  about = null;

  /**
   * @param {HTMLFormElement} form
   * @param {object} page
   * @param {number} page.maximum characters a message takes
   * @param {(content: string, about: object | null) => void} page.send
   * @param {(isTyping: boolean) => void} page.typing
   * @param {(content: string) => void} page.changed
   * @param {() => void} page.editLast
   * @param {() => boolean} page.hasFiles whether there is something to send without words
   */
  constructor(form, page) {
    this.page = page;
    this.#form = form;
    this.#field = form.elements.content;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#field.addEventListener("input", () => this.#input());
    this.#bar.querySelector("button").addEventListener("click", () => this.release());
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length); // behind a draft
    this.#grow();
  }

  get field() {
    return this.#field;
  }

  get content() {
    return this.#field.value;
  }

  /** Put a text into the field, as if it had been typed. */
  fill(content) {
    this.#field.value = content;
    this.#input();
  }

  /** Put a text where the cursor is. */
  insert(content, from = this.#field.selectionStart) {
    this.#field.setRangeText(content, from, this.#field.selectionEnd, "end");
    this.#input();
    this.#field.focus();
  }

  say(problem) {
    this.#error.textContent = problem;
  }

  /** Answer a message: `{id, name, …}` as a reply's line shows it. */
  reply(quoted) {
    if (this.about?.kind === "edit") this.release();
    this.#aboutIs({ kind: "reply", id: quoted.id, quoted }, nodes("replies_to", { name: quoted.name }));
  }

  /** Give one's own message another text. */
  edit(id, content) {
    if (this.about?.kind !== "edit") this.#kept = this.content;
    this.#aboutIs({ kind: "edit", id }, [text("editing")]);
    this.fill(content);
    this.#field.setSelectionRange(content.length, content.length);
  }

  #aboutIs(about, line) {
    this.about = about;
    this.#bar.querySelector(".about-text").replaceChildren(...line);
    this.#bar.hidden = false;
    this.#field.focus();
  }

  /** Write a message of its own again; gives whether there was something to let go of. */
  release() {
    const { about } = this;
    if (!about) return false;
    this.about = null;
    this.#bar.hidden = true;
    if (about.kind === "edit") this.fill(this.#kept);
    this.#field.focus();
    return true;
  }

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape" && this.release()) event.preventDefault();
    if (event.key === "ArrowUp" && !this.content && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.page.editLast();
    }
    // On a screen keyboard there is no Shift+Enter; there is the button.
    if (event.key !== "Enter" || event.shiftKey || touch.matches) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #submit() {
    const { content, about } = this;
    if (!content.trim() && (about?.kind === "edit" || !this.page.hasFiles())) return;
    const length = [...content].length;
    if (length > this.page.maximum) {
      const format = new Intl.NumberFormat();
      this.say(text("too_long", { maximum: format.format(this.page.maximum), length: format.format(length) }));
      return;
    }
    if (about?.kind === "edit") this.release();
    else {
      this.about = null;
      this.#bar.hidden = true;
      this.fill("");
    }
    this.#field.focus();
    this.page.send(content, about);
  }

  #grow() {
    if (!grows) this.#field.rows = Math.min(ROWS, this.#field.value.split("\n").length);
    this.#form.dataset.filled = this.#field.value ? "yes" : "no";
  }

  #input() {
    this.say("");
    this.#grow();
    if (this.about?.kind !== "edit") this.page.changed(this.content);
    const now = Date.now();
    if (!this.#field.value) {
      if (this.#typedAt) this.page.typing(false);
      this.#typedAt = 0;
    } else if (now - this.#typedAt >= TYPING_MS) {
      this.#typedAt = now;
      this.page.typing(true);
    }
  }
}
