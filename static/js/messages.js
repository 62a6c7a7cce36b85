/** What people do to messages, each by one call of REST; what comes of it is told by the log. */

import { quoteOf } from "./quotes.js";
import { changeReaction, reactionsOf } from "./render.js";
import { rest } from "./rest.js";
import { text } from "./texts.js";

export class Messages {
  #page;

  /** @param {object} page the parts of the page, see conversation.js */
  constructor(page) {
    this.#page = page;
  }

  /** Do something to the message of a row; a refusal is told. */
  async act(deed, row, detail) {
    const about = `/api/v1/messages/${row.dataset.id}`;
    const { say, history, writing, open } = this.#page;
    const deeds = {
      react: () => this.#react(row, detail.emoji, true),
      unreact: () => this.#react(row, detail.emoji, false),
      reply: () => writing().reply(quoteOf(row)),
      edit: () => this.edit(row),
      thread: () => open("thread", row.dataset.thread || row.dataset.id),
      link: () => this.#copyLink(row),
      pin: () => rest("PUT", `${about}/pin`).then(() => say(text("pinned"))),
      unpin: () => rest("DELETE", `${about}/pin`).then(() => say(text("unpinned"))),
      delete: () => this.#delete(about),
      quoted: () => {
        const { about: id, atSequence } = row.querySelector(".quoted").dataset;
        return atSequence ? history.goTo(Number(atSequence), id) : history.goToMessage(id);
      },
    };
    try {
      await deeds[deed]();
    } catch (refusal) {
      say(refusal.message);
    }
  }

  /** Shown at once; taken back should it be refused. */
  async #react(row, emoji, isNew) {
    const before = reactionsOf(row).find((each) => each.emoji === emoji);
    const count = Math.max(0, (before?.count ?? 0) + (isNew ? 1 : -1));
    const change = (type, number) => changeReaction(row, { emoji, count: number, type }, true);
    change(isNew ? "reaction_added" : "reaction_removed", count);
    try {
      await rest(isNew ? "PUT" : "DELETE", `/api/v1/messages/${row.dataset.id}/reactions/${encodeURIComponent(emoji)}`);
    } catch (refusal) {
      change(isNew ? "reaction_removed" : "reaction_added", before?.count ?? 0);
      throw refusal;
    }
  }

  async #delete(about) {
    const { confirm } = await this.#page.dialogs();
    if (await confirm(text("delete_message"))) await rest("DELETE", about);
  }

  async #copyLink(row) {
    const { copy } = await this.#page.dialogs();
    const { id, sequence } = row.dataset;
    await copy(`${location.origin}${location.pathname}?at=${sequence}#m-${id}`);
    this.#page.say(text("link_copied"));
  }

  async edit(row) {
    const message = await rest("GET", `/api/v1/messages/${row.dataset.id}`);
    this.#page.writing().edit(row.dataset.id, message.content ?? "");
  }

  /** One's own last message, into the field. */
  editLast() {
    const own = ({ dataset: { sender, id, deleted } }) => sender === this.#page.self.id && id && deleted === undefined;
    const row = this.#page.history.rows.findLast(own);
    if (row) this.act("edit", row);
  }
}
