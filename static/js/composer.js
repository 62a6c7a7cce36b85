/** The field that one writes in: Enter sends, Shift+Enter starts a line, it grows; and it tells that one is writing. */

const TYPING_MS = 3000;
const ROWS = 8;
const touch = matchMedia("(pointer: coarse)");
const grows = CSS.supports("field-sizing", "content");

export class Composer {
  #field;
  #error = document.getElementById("composer-error");
  #typedAt = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {object} page
   * @param {number} page.maximum characters a message takes
   * @param {(content: string) => void} page.send
   * @param {(isTyping: boolean) => void} page.typing
   */
  constructor(form, page) {
    this.page = page;
    this.#field = form.elements.content;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("keydown", (event) => this.#key(event, form));
    this.#field.addEventListener("input", () => this.#input());
  }

  #key(event, form) {
    // On a screen keyboard there is no Shift+Enter; there is the button.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch.matches) return;
    event.preventDefault();
    form.requestSubmit();
  }

  #submit() {
    const content = this.#field.value;
    if (!content.trim()) return;
    const length = [...content].length;
    if (length > this.page.maximum) {
      const format = new Intl.NumberFormat();
      this.#error.textContent = `A message takes ${format.format(this.page.maximum)} characters; this has ${format.format(length)}.`;
      return;
    }
    this.#field.value = "";
    this.#input();
    this.#field.focus();
    this.page.send(content);
  }

  #input() {
    this.#error.textContent = "";
    if (!grows) this.#field.rows = Math.min(ROWS, this.#field.value.split("\n").length);
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
