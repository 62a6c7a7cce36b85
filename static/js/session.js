/**
 * The rules of delivery, without page and without socket: what has come, what is missing, what to do about it.
 *
 * Numbered frames are the log. Each is shown once and in order; one that is not the next means a hole, and then the log
 * is asked for from the cursor on. The answers are values, `{do: …}`, which the page carries out:
 * `show` an entry, `tell` about a transient frame, `send` a command, `reload` the page.
 */

// They have a sequence_id without being an entry of the log.
const ABOUT_ENTRIES = new Set(["message_ack"]);

export class Session {
  #asked = false;

  /** @param {number} cursor the number of the last entry that is shown */
  constructor(cursor) {
    this.cursor = cursor;
  }

  /** What to do about a message from the socket: one frame, or an array of frames. */
  receive(message) {
    return [message].flat().flatMap((frame) => this.#frame(frame));
  }

  #frame(frame) {
    if (frame.type === "connected") {
      this.#asked = false;
      return [{ do: "tell", frame }];
    }
    if (frame.type === "sync") return this.#page(frame);
    if (frame.type === "error") return this.#error(frame);
    if (Number.isInteger(frame.sequence_id) && !ABOUT_ENTRIES.has(frame.type)) return this.#entry(frame);
    return [{ do: "tell", frame }];
  }

  #entry(entry) {
    if (entry.sequence_id <= this.cursor) return [];
    if (entry.sequence_id > this.cursor + 1) return this.#ask();
    this.cursor = entry.sequence_id;
    return [{ do: "show", entry }];
  }

  #ask() {
    if (this.#asked) return [];
    this.#asked = true;
    return [{ do: "send", command: { type: "sync", last_sequence_id: this.cursor } }];
  }

  #page(frame) {
    // What lies before the first number that one may read is hidden, not missing.
    this.cursor = Math.max(this.cursor, frame.first_sequence_id - 1);
    if (!frame.has_more) this.#asked = false;
    return [{ do: "tell", frame }, ...frame.events.flatMap((entry) => this.#entry(entry))];
  }

  #error(frame) {
    if (frame.code === "sequence_ahead") return [{ do: "reload" }];
    if (frame.code === "sequence_too_old") this.cursor = Math.max(this.cursor, frame.first_sequence_id - 1);
    return [{ do: "tell", frame }];
  }
}
