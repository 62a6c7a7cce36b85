/** What one may do in the conversation now: asks the server, and lets the composer follow. */

import { showTimes } from "./times.js";

const MOST_MS = 2 ** 31 - 1; // what a timer takes

export class Standing {
  #notice = document.getElementById("refusal");
  #timer = null;
  #asked = 0;

  /**
   * @param {HTMLFormElement|null} form the composer, null where the page came without
   * @param {string} address where the server tells
   * @param {(standing: object) => void} changed what else one may do
   */
  constructor(form, address, changed) {
    this.form = form;
    this.address = address;
    this.changed = changed;
    form?.addEventListener("focusin", () => this.refresh()); // before somebody writes in vain: a mute makes no entry
  }

  /** After anything that may have changed it. Only the answer to the latest question counts. */
  async refresh() {
    const asked = ++this.#asked;
    let answer;
    try {
      const response = await fetch(this.address);
      if (!response.ok) return; // the socket tells why
      answer = await response.json();
    } catch {
      return; // offline: asked again with the next connection
    }
    if (asked === this.#asked) this.#show(answer);
  }

  #show(answer) {
    const { can_send: canSend, detail, ends_at: endsAt } = answer;
    this.changed(answer);
    if (canSend && !this.form) {
      location.reload();
      return;
    }
    if (this.form) this.form.hidden = !canSend;
    this.#notice.hidden = canSend;
    this.#notice.querySelector(".detail").textContent = detail ?? "";
    this.#notice.querySelector(".until").hidden = !endsAt;
    this.#notice.querySelector("time").dateTime = endsAt ?? "";
    showTimes(this.#notice);
    clearTimeout(this.#timer);
    if (endsAt) this.#timer = setTimeout(() => this.refresh(), Math.min(new Date(endsAt) - Date.now() + 500, MOST_MS));
  }
}
