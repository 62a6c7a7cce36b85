/** Who is in the conversation, who of them is there, and who is writing. */

import { setText, showMember, showPresence } from "./render.js";

const TYPING_MS = 5000;

export class People {
  #list = document.getElementById("members");
  #typing = document.getElementById("typing");
  #typists = new Map();

  /** @param {string} self one's own id */
  constructor(self) {
    this.self = self;
  }

  #find(id) {
    return [...this.#list.children].find((row) => row.dataset.participant === id);
  }

  /** The whole list anew, as the server has it. */
  replace(members) {
    this.#list.replaceChildren(...members.map(showMember));
  }

  /** What an entry of the log says about who is in. */
  follow(entry) {
    if (entry.participant_count !== undefined) this.#count(entry.participant_count);
    if (entry.type === "participant_joined" && !this.#find(entry.participant.id)) {
      this.#list.append(showMember({ ...entry.participant, role: "member", is_online: false }));
    }
    if (entry.type === "participant_left") {
      this.#find(entry.participant.id)?.remove();
      this.stopped(entry.participant.id);
    }
    if (entry.type === "role_changed") {
      const row = this.#find(entry.participant.id);
      if (row) setText(row, "role", entry.role);
    }
    if (entry.type === "message") this.stopped(entry.sender_id);
  }

  #count(count) {
    for (const place of document.querySelectorAll(".participant-count")) place.textContent = count;
  }

  presence({ participant_id: id, status }) {
    const row = this.#find(id);
    if (row) showPresence(row, status);
  }

  typing({ participant, is_typing: isTyping }) {
    this.stopped(participant.id);
    if (!isTyping || participant.id === this.self) return;
    const timer = setTimeout(() => this.stopped(participant.id), TYPING_MS);
    this.#typists.set(participant.id, { name: participant.display_name, timer });
    this.#show();
  }

  stopped(id) {
    clearTimeout(this.#typists.get(id)?.timer);
    if (this.#typists.delete(id)) this.#show();
  }

  #show() {
    const names = Array.from(this.#typists.values(), ({ name }) => {
      const element = document.createElement("bdi");
      element.textContent = name;
      return element;
    });
    if (names.length > 2) this.#typing.replaceChildren("Several people are writing…");
    else if (names.length === 2) this.#typing.replaceChildren(names[0], " and ", names[1], " are writing…");
    else this.#typing.replaceChildren(...names, names.length ? " is writing…" : "");
  }
}
