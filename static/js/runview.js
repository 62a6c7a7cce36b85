/** Agents at work, as the page shows them: below the newest message, out of the way of screen readers until it is said. */

import { clone, make, setAvatar, setText } from "./render.js";
import { rest } from "./rest.js";
import { stepsOf } from "./runs.js";
import { counted, nodes, text } from "./texts.js";

const number = new Intl.NumberFormat();
const seconds = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export class RunView {
  #list = document.getElementById("runs");
  #rows = new Map();

  /** @param {{ cancel: (id: string) => void, mayCancel: () => boolean, keepEnd: (change: () => void) => void }} page */
  constructor(page) {
    this.page = page;
  }

  /** Show exactly these runs. */
  showAll(runs) {
    for (const id of this.#rows.keys()) if (!runs.some((run) => run.id === id)) this.#drop(id);
    for (const run of runs) this.show(run);
  }

  /** A run as it is now. */
  show(run) {
    if (run.ended) {
      this.#drop(run.id);
      return;
    }
    this.page.keepEnd(() => this.#fill(this.#rows.get(run.id) ?? this.#begin(run), run));
  }

  #begin(run) {
    const row = clone("run-template");
    setAvatar(row, run.agent);
    const stop = row.querySelector(".run-stop");
    stop.hidden = !this.page.mayCancel();
    stop.onclick = () => {
      stop.disabled = true;
      this.page.cancel(run.id);
    };
    row.dataset.run = run.id;
    this.#list.append(row);
    this.#rows.set(run.id, row);
    return row;
  }

  #fill(row, run) {
    const title = run.status === "queued" ? "run_queued" : "run_working";
    row.querySelector(".run-title").replaceChildren(...nodes(title, { name: run.agent.display_name }));
    const body = row.querySelector(".run-text");
    body.textContent = run.text;
    body.hidden = !run.text;
    fillSteps(row.querySelector(".run-steps"), run.steps);
  }

  #drop(id) {
    this.page.keepEnd(() => this.#rows.get(id)?.remove());
    this.#rows.delete(id);
  }
}

/** The steps of a run, folded. */
export function fillSteps(details, steps) {
  details.hidden = !steps.length;
  details.querySelector("summary").textContent = counted("run_steps", steps.length);
  const list = details.querySelector("ol");
  steps.forEach((step, index) => fillStep(list.children[index] ?? list.appendChild(clone("step-template")), step));
}

function fillStep(element, step) {
  const isTool = step.kind === "tool";
  const cut = step.truncated ? ` ${text("run_cut")}` : "";
  element.classList.toggle("step-failed", Boolean(step.isError));
  setText(element, "step-name", isTool ? step.tool : text("run_thought"));
  setText(element, "step-purpose", isTool ? (step.purpose ?? "") : "");
  setText(element, "step-time", step.duration === undefined ? "" : text("run_took", { number: number.format(step.duration) }));
  fillText(element, "step-arguments", isTool ? shown(step.arguments) : "");
  fillText(element, "step-result", isTool ? `${step.result ?? ""}${step.result === null ? "" : cut}` : step.text + cut);
}

function shown(given) {
  return given && Object.keys(given).length ? JSON.stringify(given, null, 2) : "";
}

function fillText(element, part, content) {
  setText(element, part, content);
  element.querySelector(`.${part}`).hidden = !content;
}

/** Below an agent's answer: what it took, and on demand how it came about. */
export function showFacts(row, steps = null) {
  const line = row.querySelector(".run-facts");
  const { run, tokens, ms } = line.dataset;
  if (!run || line.childElementCount) return;
  const facts = [];
  if (tokens) facts.push(text("run_tokens", { number: number.format(tokens) }));
  if (ms) facts.push(text("run_seconds", { number: seconds.format(ms / 1000) }));
  line.hidden = !facts.length && !steps?.length;
  line.replaceChildren(make("span", "", facts.join(" · ")));
  const details = clone("run-template").querySelector(".run-steps");
  if (steps) {
    if (steps.length) line.after(details);
    fillSteps(details, steps);
    return;
  }
  details.hidden = false;
  details.querySelector("summary").textContent = text("run_how");
  details.addEventListener("toggle", () => load(details, run), { once: true });
  line.after(details);
}

async function load(details, run) {
  try {
    fillSteps(details, stepsOf((await rest("GET", `/api/v1/runs/${run}`)).steps ?? []));
    details.hidden = false;
    if (!details.querySelector("ol").childElementCount) details.querySelector("summary").textContent = text("run_no_steps");
  } catch (refusal) {
    details.querySelector("summary").textContent = refusal.message;
  }
}
