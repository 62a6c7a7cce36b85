/** One's own messages: from the field through the outbox into the history; edits, files, commands and drafts on the way. */

import { Composer } from "./composer.js";
import { Draft } from "./drafts.js";
import { setMessageHtml } from "./html.js";
import { newMessageId, Outbox } from "./outbox.js";
import { showPending, showState } from "./render.js";
import { rest } from "./rest.js";
import { text } from "./texts.js";

const SECOND_MS = 1000;
const PREVIEW_MS = 300;

export class Writing {
  #page;
  #id;
  #self;
  #outbox;
  #composer = null;
  #uploads = null;
  #draft = null;
  #preview = document.getElementById("preview");
  #previewTimer = null;
  #countdown = null;

  /** @param {object} page the parts of the page, see conversation.js */
  constructor(page) {
    this.#page = page;
    this.#id = page.start.conversation_id;
    this.#self = page.start.participant;
    this.#outbox = new Outbox(this.#self.id, {
      transmit: (command) => page.connection.send(command),
      changed: (item, state, detail) => item.conversation_id === this.#id && this.#changed(item, state, detail),
    });
    page.connection.watch((state) => state !== "open" && this.#outbox.lost());
    if (page.form) this.#arrange(page);
  }

  #arrange({ form, start, people, connection, editLast }) {
    const typing = (isTyping) => connection.send({ type: "typing", conversation_id: this.#id, is_typing: isTyping });
    this.#draft = new Draft(this.#self.id, this.#id, form.elements.content.value);
    this.#composer = new Composer(form, {
      maximum: start.message_characters,
      send: (content, about) => this.#submit(content, about),
      typing,
      changed: (content) => {
        this.#draft.write(content);
        this.#previewSoon();
      },
      editLast,
      hasFiles: () => this.#hasFiles,
    });
    this.#takeFiles(start.attachment_bytes);
    this.#suggest(people);
    addEventListener("pagehide", () => this.keep());
    this.#offer("emoji-button", async (button) => {
      const { pickEmoji } = await import("./emoji.js");
      pickEmoji(button, (emoji) => this.#composer.insert(emoji));
    });
    this.#offer("preview-button", () => this.togglePreview());
  }

  /** Completion comes with the first sign that it may be for. */
  #suggest(people) {
    const { field } = this.#composer;
    const begin = async () => {
      if (!/[@:/]/.test(field.value)) return;
      field.removeEventListener("input", begin);
      const { Suggestions } = await import("./suggest.js");
      new Suggestions(this.#composer, () => people.members).look();
    };
    field.addEventListener("input", begin);
  }

  get #hasFiles() {
    return Boolean(this.#uploads && !this.#uploads.isEmpty);
  }

  /** Files are chosen, pasted or dropped; what uploads them comes with the first. */
  #takeFiles(bytes) {
    const main = document.getElementById("main");
    const uploads = async () => {
      const { Uploads } = await import("./uploads.js");
      this.#uploads ??= new Uploads({ conversation: this.#id, bytes, say: (problem) => this.#composer.say(problem) });
      return this.#uploads;
    };
    const take = async (event, { files }) => {
      if (!files.length) return;
      event.preventDefault();
      const taken = [...files]; // the list is emptied when the event is over
      (await uploads()).take(taken);
    };
    document.getElementById("attach").addEventListener("click", async (event) => {
      event.preventDefault();
      (await uploads()).choose();
    });
    this.#composer.field.addEventListener("paste", (event) => take(event, event.clipboardData));
    main.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      main.dataset.dropping = "";
    });
    main.addEventListener("dragleave", ({ relatedTarget }) => main.contains(relatedTarget) || delete main.dataset.dropping);
    main.addEventListener("drop", (event) => {
      delete main.dataset.dropping;
      take(event, event.dataTransfer);
    });
  }

  #offer(name, act) {
    const button = document.getElementById(name);
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  }

  /** Bring back what an earlier life of the page left: the draft, and messages that are not sent yet. */
  async restore() {
    const draft = await this.#draft?.read();
    if (draft && !this.#composer.content) this.#composer.fill(draft);
    for (const item of await this.#outbox.items(this.#id)) this.#show(item);
    this.flush();
  }

  flush() {
    this.#outbox.flush();
  }

  /** Keep what is in the field, now. */
  keep() {
    if (this.#composer && this.#composer.about?.kind !== "edit") this.#draft.keep(this.#composer.content);
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
    this.#showPreview(false);
    this.#draft.clear();
    if (about?.kind === "edit") {
      await this.#change(about.id, content);
      return;
    }
    if (await this.#command(content)) return;
    const me = /^\/me\s+([\s\S]+)/.exec(content);
    const said = me ? `*${me[1].replaceAll("*", "\\*")}*` : content;
    const item = { message_id: newMessageId(), conversation_id: this.#id, content: said };
    if (about) Object.assign(item, { reply_to: about.id, quoted: about.quoted });
    if (this.#hasFiles) item.attachments = await this.#uploads.collect();
    if (!said.trim() && !item.attachments?.length) return;
    this.#show({ ...item, reason: null });
    this.#outbox.add(item);
  }

  async #change(id, content) {
    try {
      await rest("PATCH", `/api/v1/messages/${id}`, { content });
    } catch (refusal) {
      this.#composer.edit(id, content);
      this.#composer.say(refusal.message);
    }
  }

  /** `/invite` and `/agent`; gives whether it was one of them. */
  async #command(content) {
    const [, name, rest_of] = /^\/(invite|agent)(?:\s+([\s\S]*))?$/.exec(content.trim()) ?? [];
    if (!name) return false;
    if (name === "invite" || !rest_of) await this.#page.open(name === "invite" ? "invite" : "agents");
    else await this.#ask(rest_of, content);
    return true;
  }

  async #ask(words, content) {
    const [, name, said] = /^@?(\S+)\s*([\s\S]*)$/.exec(words);
    const isCalled = (member) => member.kind === "agent" && [member.username, member.name].some((each) => each.toLowerCase() === name.toLowerCase());
    const agent = this.#page.people.members.find(isCalled);
    try {
      if (!agent) throw new Error(text("no_such_agent", { name }));
      await rest("POST", `${this.#page.api}/runs`, { agent: agent.id, ...(said && { content: said }) });
    } catch (refusal) {
      this.#composer.fill(content);
      this.#composer.say(refusal.message);
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

  // --- preview ------------------------------------------------------------------------------------------------------------

  togglePreview() {
    this.#showPreview(this.#preview?.hidden);
  }

  #showPreview(isShown) {
    if (!this.#preview || this.#preview.hidden === !isShown) return;
    this.#preview.hidden = !isShown;
    document.getElementById("preview-button").ariaPressed = String(isShown);
    if (isShown) this.#render();
  }

  #previewSoon() {
    clearTimeout(this.#previewTimer);
    if (!this.#preview.hidden) this.#previewTimer = setTimeout(() => this.#render(), PREVIEW_MS);
  }

  async #render() {
    const { content } = this.#composer;
    if (!content.trim()) {
      this.#preview.textContent = text("nothing_to_preview");
      return;
    }
    try {
      const { html } = await rest("POST", this.#page.start.preview, new URLSearchParams({ content }));
      setMessageHtml(this.#preview, html);
    } catch (refusal) {
      this.#preview.textContent = refusal.message;
    }
  }
}
