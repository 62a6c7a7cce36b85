/** Completion in the field: people after @, emoji after a colon, commands after a slash. A text field (a textarea may be no combobox) with its list. */

import { make } from "./render.js";

const MOST = 8;
const COMMANDS = ["/me", "/invite", "/agent"];
const WORD = /(?:^|[\s(])(@[\w.-]*|:[\w+-]{2,}|^\/\w*)$/;

export class Suggestions {
  #list = document.getElementById("suggestions");
  #composer;
  #members;
  #start = 0;
  #active = -1;

  /**
   * @param {import("./composer.js").Composer} composer
   * @param {() => object[]} members whom one can name
   */
  constructor(composer, members) {
    this.#composer = composer;
    this.#members = members;
    const { field } = composer;
    field.addEventListener("input", () => this.look());
    field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    field.addEventListener("keydown", (event) => this.#key(event), { capture: true });
  }

  /** Offer what fits the word that is being written. */
  async look() {
    const { field } = this.#composer;
    const before = field.value.slice(0, field.selectionStart);
    const word = WORD.exec(before)?.[1];
    if (!word) return this.close();
    const found = await this.#find(word);
    if (before !== field.value.slice(0, field.selectionStart)) return undefined;
    this.#start = before.length - word.length;
    return this.#show(found);
  }

  async #find(word) {
    const wanted = word.slice(1).toLowerCase();
    if (word[0] === "/") return COMMANDS.filter((name) => name.startsWith(word)).map((name) => ({ insert: `${name} `, title: name }));
    if (word[0] === ":") {
      const { findEmoji } = await import("./emoji.js");
      return findEmoji(wanted, MOST).map(({ sign, names }) => ({ insert: `${sign} `, title: sign, detail: names }));
    }
    return this.#members()
      .filter(({ username, name }) => username.toLowerCase().startsWith(wanted) || name.toLowerCase().startsWith(wanted))
      .slice(0, MOST)
      .map(({ username, name }) => ({ insert: `@${username} `, title: name, detail: `@${username}` }));
  }

  #show(found) {
    this.#list.replaceChildren(
      ...found.map(({ insert, title, detail }, index) => {
        const option = make("li", "suggestion");
        option.append(make("bdi", "", title), make("span", "small muted", detail ?? ""));
        option.role = "option";
        option.id = `suggestion-${index}`;
        option.onmousedown = (event) => {
          event.preventDefault();
          this.#take(insert);
        };
        option.dataset.insert = insert;
        return option;
      }),
    );
    this.#list.hidden = !found.length;
    this.#move(found.length ? 0 : -1);
  }

  #move(index) {
    this.#active = index;
    [...this.#list.children].forEach((option, place) => (option.ariaSelected = String(place === index)));
    const { field } = this.#composer;
    if (index < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `suggestion-${index}`);
  }

  #key(event) {
    if (this.#list.hidden || event.isComposing) return;
    const count = this.#list.children.length;
    if (event.key === "ArrowDown") this.#move((this.#active + 1) % count);
    else if (event.key === "ArrowUp") this.#move((this.#active + count - 1) % count);
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
      const { insert } = this.#list.children[this.#active].dataset;
      if (this.#composer.content.slice(this.#start).trim() === insert.trim()) return this.close(); // typed in full
      this.#take(insert);
    } else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  }

  #take(insert) {
    this.#composer.insert(insert, this.#start);
    this.close();
  }

  close() {
    if (this.#list.hidden) return;
    this.#list.hidden = true;
    this.#move(-1);
  }
}
