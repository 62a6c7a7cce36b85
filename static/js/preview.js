/** How what is being written will look: the server renders it. */

import { setMessageHtml } from "./html.js";
import { rest } from "./rest.js";
import { text } from "./texts.js";

const PAUSE_MS = 300;

export class Preview {
  #place = document.getElementById("preview");
  #button = document.getElementById("preview-button");
  #address;
  #content;
  #timer = null;

  /**
   * @param {string} address where the server renders
   * @param {() => string} content what is in the field
   */
  constructor(address, content) {
    this.#address = address;
    this.#content = content;
  }

  toggle() {
    this.show(this.#place.hidden);
  }

  show(isShown) {
    this.#place.hidden = !isShown;
    this.#button.ariaPressed = String(isShown);
    if (isShown) this.#render();
  }

  /** The field has another text. */
  changed() {
    clearTimeout(this.#timer);
    if (!this.#place.hidden) this.#timer = setTimeout(() => this.#render(), PAUSE_MS);
  }

  async #render() {
    const content = this.#content();
    if (!content.trim()) {
      this.#place.textContent = text("nothing_to_preview");
      return;
    }
    try {
      const { html } = await rest("POST", this.#address, new URLSearchParams({ content }));
      setMessageHtml(this.#place, html);
    } catch (refusal) {
      this.#place.textContent = refusal.message;
    }
  }
}
