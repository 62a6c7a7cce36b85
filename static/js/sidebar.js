/** The list of conversations, live: what is unread, where, and how much of it in the window's title. */

import { showTimes } from "./times.js";

const HUES = 8; // as conversations/templatetags/chat_display.py
const SHOWN = 140; // characters of a message, as conversations/markdown.py
const COUNTED = 1000; // as the server counts: one more means more

export class Sidebar {
  #list = document.getElementById("conversations");
  #title = document.title.replace(/^\(\d+\+?\) /, "");
  #counts = new Map();
  #own;

  /** @param {string} [own] the conversation of this page, which is not unread while it is looked at */
  constructor(own) {
    this.#own = own;
    for (const row of this.#rows()) {
      const shown = row.querySelector(".unread [aria-hidden]")?.textContent ?? "0";
      this.#counts.set(row.dataset.conversation, parseInt(shown, 10) || 0);
    }
    this.#showTitle();
  }

  #rows() {
    return this.#list ? [...this.#list.querySelectorAll("[data-conversation]")] : [];
  }

  #find(id) {
    return this.#rows().find((row) => row.dataset.conversation === id);
  }

  /** How much of a conversation one has not read. */
  unread({ conversation_id: id, unread_count: count, mention_count: mentions }) {
    const isMore = Math.min(count, COUNTED) > (this.#counts.get(id) ?? 0); // the first answer tells what the page knows
    this.#counts.set(id, count);
    this.#showTitle();
    const row = this.#find(id);
    if (!row) return;
    if (isMore && id !== this.#own) this.#moved(row, new Date().toISOString());
    row.classList.toggle("has-unread", count > 0);
    const place = row.querySelector(".unread") ?? row.querySelector(".mentions")?.parentElement.appendChild(badge());
    if (place) {
      place.hidden = !count;
      place.firstElementChild.textContent = count > COUNTED ? `${COUNTED}+` : count;
      place.lastElementChild.textContent = `${count} unread`;
    }
    const named = row.querySelector(".mentions");
    if (named) named.hidden = !mentions;
  }

  /** A message of a conversation that is followed: its words, as they are shown, and its place at the top. */
  said(id, message, words) {
    const row = this.#find(id);
    if (!row) return;
    const said = words.trim().split(/\s+/).join(" ").slice(0, SHOWN);
    const name = message.participant?.display_name;
    const author = Object.assign(document.createElement("bdi"), { textContent: name });
    if (said) row.querySelector(".side-preview").replaceChildren(...(name ? [author, ": "] : []), said);
    this.#moved(row, message.created_at);
  }

  #moved(row, at) {
    const time = row.querySelector("time");
    if (time && at) {
      time.dateTime = at;
      showTimes(row, { short: true });
    }
    const item = row.closest("li");
    if (item && this.#list.firstElementChild !== item && !this.#list.contains(document.activeElement)) this.#list.prepend(item);
  }

  /** One is in another conversation. */
  added({ id, title, unread_count: unread }) {
    if (!this.#list || this.#find(id)) return;
    const model = this.#list.firstElementChild;
    if (!model) return; // the page is for whoever is in none: the next one shows it
    const item = model.cloneNode(true);
    const row = item.querySelector("[data-conversation]");
    row.href = `/c/${id}`;
    row.removeAttribute("aria-current");
    row.dataset.conversation = id;
    row.querySelector(".side-title").textContent = title;
    row.querySelector(".side-preview").textContent = "";
    const avatar = row.querySelector(".avatar");
    avatar.className = `avatar square hue-${parseInt(id.at(-1), 16) % HUES}`;
    avatar.textContent = [...title][0].toUpperCase();
    this.#list.prepend(item);
    this.unread({ conversation_id: id, unread_count: unread, mention_count: 0 });
  }

  renamed(id, title) {
    if (id === this.#own) this.#title = document.title;
    this.#showTitle();
    const place = this.#find(id)?.querySelector(".side-title");
    if (place) place.textContent = title;
  }

  gone(id) {
    this.#counts.delete(id);
    this.#find(id)?.closest("li")?.remove();
    this.#showTitle();
  }

  #showTitle() {
    let sum = 0;
    for (const [id, count] of this.#counts) if (id !== this.#own || document.hidden) sum += count;
    document.title = sum ? `(${sum > COUNTED ? `${COUNTED}+` : sum}) ${this.#title}` : this.#title;
  }
}

function badge() {
  const made = Object.assign(document.createElement("span"), { className: "unread" });
  const seen = document.createElement("span");
  seen.ariaHidden = "true";
  made.append(seen, Object.assign(document.createElement("span"), { className: "visually-hidden" }));
  return made;
}
