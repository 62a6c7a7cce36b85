/** Who is in the conversation, who of them is there, and who is writing. */

import { clone, setAvatar, setText } from "./render.js";
import { nodes } from "./texts.js";

const TYPING_MS = 5000;

export class People {
  #list = document.getElementById("members");
  #typing = document.getElementById("typing");
  #typists = new Map();
  #may = null;

  /**
   * @param {string} self one's own id
   * @param {(member: object) => void} manage called to do something about a member
   */
  constructor(self, manage) {
    this.self = self;
    this.#list.addEventListener("click", ({ target }) => {
      const row = target.closest(".member-more")?.closest(".member");
      if (row) manage(memberOf(row));
    });
  }

  /** Everybody that the panel shows: `{id, username, name, kind, role}`. */
  get members() {
    return Array.from(this.#list.children, memberOf);
  }

  #find(id) {
    return [...this.#list.children].find((row) => row.dataset.participant === id);
  }

  /** The whole list anew, as the server has it. */
  replace(members) {
    this.#list.replaceChildren(...members.map(showMember));
    if (this.#may) this.allow(this.#may);
  }

  /** Show what can be done, and only that. `over` names the deeds by the role of whom they are done to. */
  allow(over) {
    this.#may = over;
    for (const row of this.#list.children) {
      const isSelf = row.dataset.participant === this.self;
      row.querySelector(".member-more").hidden = isSelf || !over[row.dataset.role]?.length;
    }
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
      if (row) row.dataset.role = entry.role;
    }
    if (entry.type === "message") this.stopped(entry.sender_id);
    if (this.#may && entry.participant) this.allow(this.#may);
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
    const [name, other, third] = Array.from(this.#typists.values(), (typist) => typist.name);
    const kind = third ? "writing_many" : other ? "writing_two" : "writing_one";
    this.#typing.replaceChildren(...(name ? nodes(kind, { name, other }) : []));
  }
}

function memberOf(row) {
  const { participant: id, username, kind, role } = row.dataset;
  return { id, username, kind, role, name: row.querySelector(".name").textContent };
}

function showMember(member) {
  const element = clone("member-template");
  setAvatar(element, member);
  setText(element, "name", member.display_name);
  setText(element, "whom", member.display_name);
  setText(element, "role", member.role ?? "");
  const { id: participant, username, kind, role } = member;
  Object.assign(element.dataset, { participant, username, kind, role });
  showPresence(element, member.is_online ? "online" : "offline");
  return element;
}

function showPresence(element, status) {
  element.dataset.presence = status;
  setText(element, "presence", status);
}
