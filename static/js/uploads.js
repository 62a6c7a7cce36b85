/** Files on their way: chosen, pasted or dropped; each shows how far it is, and goes with the next message. */

import { make } from "./render.js";
import { csrf } from "./rest.js";
import { text } from "./texts.js";

export class Uploads {
  #list = document.getElementById("uploads");
  #chooser = document.getElementById("file");
  #rows = new Set();

  /**
   * @param {object} page
   * @param {string} page.conversation
   * @param {number} page.bytes the largest file
   * @param {(problem: string) => void} page.say
   */
  constructor(page) {
    this.page = page;
    this.#chooser.addEventListener("change", () => {
      this.take(this.#chooser.files);
      this.#chooser.value = "";
    });
  }

  /** Let files be chosen. */
  choose() {
    this.#chooser.click();
  }

  get isEmpty() {
    return !this.#rows.size;
  }

  /** Upload files; each can be taken back until it is sent. */
  take(files) {
    for (const file of files) {
      if (file.size > this.page.bytes) this.#refuse(file.name, text("file_too_large", { size: Math.floor(this.page.bytes / 1024 ** 2) }));
      else this.#upload(file);
    }
  }

  #upload(file) {
    const name = file.name || "file";
    const element = make("li", "upload");
    const label = make("bdi", "", name);
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0, ariaLabel: name });
    const button = Object.assign(make("button", "icon-button", "×"), { type: "button", ariaLabel: text("remove_file", { name }) });
    element.append(label, bar, button);
    const request = new XMLHttpRequest();
    const row = { element, done: new Promise((resolve) => request.addEventListener("loadend", () => resolve(this.#ended(row, request, name)))) };
    button.onclick = () => {
      request.abort();
      this.#remove(row);
    };
    request.upload.onprogress = ({ loaded, total }) => (bar.value = total ? (loaded / total) * 100 : 0);
    this.#rows.add(row);
    this.#list.append(element);
    this.#list.hidden = false;
    const body = new FormData();
    body.append("file", file, name);
    request.open("POST", `/api/v1/conversations/${this.page.conversation}/attachments`);
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  }

  #ended(row, request, name) {
    let answer = null;
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // No answer, or none of ours.
    }
    if (request.status === 201) {
      row.element.querySelector("progress").remove();
      return answer;
    }
    if (this.#rows.has(row)) this.#refuse(name, answer?.errors?.[0]?.detail ?? answer?.detail ?? text("unreachable"));
    this.#remove(row);
    return null;
  }

  #refuse(name, reason) {
    this.page.say(text("upload_failed", { name, reason }));
  }

  #remove(row) {
    this.#rows.delete(row);
    row.element.remove();
    this.#list.hidden = this.isEmpty;
  }

  /** All that is there, once it is up; and the list is empty again. */
  async collect() {
    const rows = [...this.#rows];
    const found = await Promise.all(rows.map((row) => row.done));
    for (const row of rows) this.#remove(row);
    return found.filter(Boolean);
  }
}
