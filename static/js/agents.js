/** Agents at work: takes their frames, and lets the page follow. It comes with the first of them. */

import { showNotice } from "./render.js";
import { Runs } from "./runs.js";
import { RunView, showFacts } from "./runview.js";

export class Agents {
  #runs = new Runs();
  #view;
  #history;

  /** @param {{ history: object, cancel: (run: string) => void, mayCancel: () => boolean }} page */
  constructor({ history, cancel, mayCancel }) {
    this.#history = history;
    this.#view = new RunView({ cancel, mayCancel, keepEnd: (change) => history.keepEnd(change) });
    for (const row of history.rows) showFacts(row);
  }

  receive(frame) {
    const run = this.#runs.receive(frame);
    if (frame.type === "connected") this.#view.showAll(this.#runs.all);
    if (run) this.#view.show(run);
    if (frame.type === "agent_completed") this.#completed(frame.message.id, run);
    if (frame.type === "agent_failed" && run) this.#failed(run);
  }

  #completed(id, run) {
    const row = this.#history.find(id);
    if (row) showFacts(row, run?.steps);
  }

  #failed({ agent, code, detail }) {
    const kind = code === "cancelled" ? "stopped" : "failed";
    this.#history.note(showNotice({ type: "notice", kind, who: agent, value: detail, created_at: new Date().toISOString() }));
  }
}
