/** One's own messages: from the field through the outbox into the history. What else the field can do is in extras.js. */

import { Composer } from "./composer.js";
import { later } from "./later.js";
import { newMessageId, Outbox } from "./outbox.js";
import { showPending, showState } from "./render.js";
import { rest } from "./rest.js";
import { text } from "./texts.js";

const SECOND_MS = 1000;
const IS_COMMAND = /^\s*\/(invite|agent)(\s|$)/;

export class Writing {
  #page;
  #id;
  #self;
  #outbox;
  #composer = null;
  #extras = null; // once they came
  #countdown = null;

  #more = later(async () => {
    const { Extras, prepare } = await import("./extras.js");
    this.#extras = new Extras(this.#composer, this.#page);
    return { extras: this.#extras, prepare };
  });

  /** @param {object} page the parts of the page, see conversation.js */
  constructor(page) {
    this.#page = page;
    this.#id = page.start.conversation_id;
    this.#self = page.start.participant;
    this.#outbox = new Outbox(this.#self.id, {
      transmit: (command) => page.connection.send(command),
      drop: () => page.connection.drop(),
      changed: (item, state, detail) => item.conversation_id === this.#id && this.#changed(item, state, detail),
    });
    page.connection.watch((state) => state !== "open" && this.#outbox.lost());
    if (page.form) this.#arrange(page);
  }

  #arrange({ form, start, connection, editLast }) {
    this.#composer = new Composer(form, {
      maximum: start.message_characters,
      send: (content, about) => this.#submit(content, about),
      typing: (isTyping) => connection.send({ type: "typing", conversation_id: this.#id, is_typing: isTyping }),
      changed: (content) => this.#extras?.changed(content),
      editLast,
      hasFiles: () => this.#hasFiles,
    });
    if (form.elements.content.defaultValue) this.#more().catch(() => {}); // a draft, which is to be kept up
    form.addEventListener("focusin", () => this.#more().catch(() => {}), { once: true });
    addEventListener("pagehide", () => this.keep());
    this.#offer("emoji-button", (extras, button) => extras.pickEmoji(button));
    this.#offer("preview-button", (extras) => extras.togglePreview());
  }

  get #hasFiles() {
    return Boolean(this.#extras?.hasFiles);
  }

  #offer(name, act) {
    const button = document.getElementById(name);
    button.hidden = false;
    button.addEventListener("click", () => this.#with((extras) => act(extras, button)));
  }

  #with(act) {
    return this.#more()
      .then(({ extras }) => act(extras))
      .catch(this.#page.missing);
  }

  /** Have at hand what comes with its first use. */
  async prepare() {
    if (this.#composer) await (await this.#more()).prepare();
  }

  /** Show again what an earlier life of the page left unsent. */
  async restore() {
    for (const item of await this.#outbox.items(this.#id)) this.#show(item);
    this.flush();
  }

  flush() {
    this.#outbox.flush();
  }

  /** Keep what is in the field, now. */
  keep() {
    this.#extras?.keep();
  }

  focus() {
    if (!this.#composer) return false;
    this.#composer.field.focus();
    return true;
  }

  reply(quoted) {
    const name = quoted.name ?? quoted.participant?.display_name ?? "";
    const excerpt = quoted.excerpt ?? quoted.content?.slice(0, 140);
    this.#composer?.reply({ id: quoted.id, sequence_id: quoted.sequence_id, name, excerpt });
  }

  edit(id, content) {
    this.#composer?.edit(id, content);
  }

  // --- sending ------------------------------------------------------------------------------------------------------------

  async #submit(content, about) {
    this.#more().then(({ extras }) => extras.sent(), () => {});
    if (about?.kind === "edit" || IS_COMMAND.test(content)) {
      await this.#carryOut(content, about);
      return;
    }
    const me = /^\/me\s+([\s\S]+)/.exec(content);
    const said = me ? `*${me[1].replaceAll("*", "\\*")}*` : content;
    const item = { message_id: newMessageId(), conversation_id: this.#id, content: said };
    if (about) Object.assign(item, { reply_to: about.id, quoted: about.quoted });
    if (this.#hasFiles) item.attachments = await this.#extras.collect();
    if (!said.trim() && !item.attachments?.length) return;
    this.#show({ ...item, reason: null });
    this.#outbox.add(item);
  }

  /** What is no message of its own; if it is refused, the text is in the field again, and why is below it. */
  async #carryOut(content, about) {
    try {
      if (about?.kind === "edit") await rest("PATCH", `/api/v1/messages/${about.id}`, { content });
      else await (await import("./commands.js")).command(content, this.#page);
    } catch (refusal) {
      if (about?.kind === "edit") this.#composer.edit(about.id, content);
      else this.#composer.fill(content);
      this.#composer.say(refusal instanceof TypeError ? text("needs_line") : refusal.message);
    }
  }

  #show(item) {
    if (this.#page.history.findOwn(item.message_id)) return;
    const retry = (messageId) => this.#outbox.retry(messageId);
    const discard = (messageId) => this.#outbox.discard(messageId);
    this.#page.history.add(showPending(item, this.#self, { retry, discard }));
  }

  #changed(item, state, detail) {
    const element = this.#page.history.findOwn(item.message_id);
    if (state === "sending" && !element) this.#show(item);
    if (!element?.dataset.state) return;
    if (state === "discarded") this.#page.history.remove(element);
    // Stored before what the page shows began: it is in the history.
    else if (state === "delivered" && detail.ack.sequence_id <= this.#page.session.cursor) this.#page.history.remove(element);
    else if (state === "waiting") this.#hold(detail.until);
    else showState(element, state, detail);
    if (detail.code) this.#page.refused(); // a mute makes no entry
  }

  /** The message is in the log. */
  arrived(message) {
    if (message.sender_id === this.#self.id) this.#composer?.say("");
  }

  /** Too much at once: count down to the next try. */
  #hold(until) {
    clearInterval(this.#countdown);
    const show = () => {
      const seconds = Math.ceil((until - Date.now()) / SECOND_MS);
      this.#composer?.say(seconds > 0 ? text("held", { seconds }) : "");
      if (seconds <= 0) clearInterval(this.#countdown);
    };
    show();
    this.#countdown = setInterval(show, SECOND_MS);
  }

  answer(frame) {
    this.#outbox.answer(frame);
  }

  togglePreview() {
    if (this.#composer) this.#with((extras) => extras.togglePreview());
  }
}
