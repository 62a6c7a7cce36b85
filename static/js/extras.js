/** What the field has beside words: drafts, completion, emoji, files, a preview. It comes once the page is live, or with the first focus. */

import { Draft } from "./drafts.js";
import { later, sheet } from "./later.js";

export class Extras {
  #page;
  #composer;
  #draft;
  #uploads = null; // once there was a file
  #preview = null; // once it was asked for

  /**
   * @param {import("./composer.js").Composer} composer
   * @param {object} page the parts of the page, see conversation.js
   */
  constructor(composer, page) {
    const { conversation_id: conversation, participant } = page.start;
    this.#page = page;
    this.#composer = composer;
    this.#draft = new Draft(participant.id, conversation, page.form.elements.content.defaultValue);
    this.#restore();
    this.#complete();
    this.#takeFiles();
  }

  /** Bring back what an earlier life of the page left; what was written meanwhile is newer. */
  async #restore() {
    const draft = await this.#draft.read();
    if (this.#composer.content !== this.#page.form.elements.content.defaultValue) this.changed(this.#composer.content);
    else if (draft && !this.#composer.content) this.#composer.fill(draft);
  }

  /** The field has another text. */
  changed(content) {
    this.#draft.write(content);
    this.#preview?.changed();
  }

  /** The text is on its way. */
  sent() {
    this.#draft.clear();
    this.#preview?.show(false);
  }

  /** Keep what is in the field, now. */
  keep() {
    if (this.#composer.about?.kind !== "edit") this.#draft.keep(this.#composer.content);
  }

  get hasFiles() {
    return Boolean(this.#uploads && !this.#uploads.isEmpty);
  }

  /** The files that go with a message, once they are with the server. */
  collect() {
    return this.#uploads.collect();
  }

  /** Completion comes with the first sign that it may be for. */
  #complete() {
    const { field } = this.#composer;
    const completion = later(async () => {
      const [{ Suggestions }, people] = await Promise.all([import("./suggest.js"), this.#page.people(), sheet("tools")]);
      field.removeEventListener("input", begin);
      return new Suggestions(this.#composer, () => people.members);
    });
    const begin = this.#tried(async () => /[@:/]/.test(field.value) && (await completion()).look());
    field.addEventListener("input", begin);
  }

  /** Files are chosen, pasted or dropped; what uploads them comes with the first. */
  #takeFiles() {
    const main = document.getElementById("main");
    const uploads = later(async () => {
      const [{ Uploads }] = await Promise.all([import("./uploads.js"), sheet("tools")]);
      const { attachment_bytes: bytes, conversation_id: conversation } = this.#page.start;
      this.#uploads = new Uploads({ conversation, bytes, say: (problem) => this.#composer.say(problem) });
      return this.#uploads;
    });
    const take = this.#tried(async (event, { files }) => {
      if (!files.length) return;
      event.preventDefault();
      const taken = [...files]; // the list is emptied when the event is over
      (await uploads()).take(taken);
    });
    const choose = this.#tried(async (event) => {
      event.preventDefault();
      (await uploads()).choose();
    });
    document.getElementById("attach").addEventListener("click", choose);
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

  async pickEmoji(button) {
    const [{ pickEmoji }] = await Promise.all([import("./emoji.js"), sheet("tools")]);
    pickEmoji(button, (emoji) => this.#composer.insert(emoji));
  }

  /** Show how it will look, or no longer. */
  async togglePreview() {
    const [{ Preview }] = await Promise.all([import("./preview.js"), sheet("tools")]);
    this.#preview ??= new Preview(this.#page.start.preview, () => this.#composer.content);
    this.#preview.toggle();
  }

  /** An act that needs what comes with its first use; if that cannot be had, the page tells. */
  #tried(act) {
    return (...given) => act(...given).catch(this.#page.missing);
  }
}

/** Have at hand what the field may need. */
export function prepare() {
  return Promise.all([sheet("tools"), import("./commands.js"), import("./emoji.js"), import("./preview.js"), import("./suggest.js"), import("./uploads.js")]);
}
