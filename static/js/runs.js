/**
 * What agents are doing, as their frames tell it: no page, no socket. A run ends with what the log says about it; until
 * then its text is put together from pieces, whose offsets count code points.
 */

export class Runs {
  #runs = new Map();

  /** All that are going on, oldest first. */
  get all() {
    return [...this.#runs.values()];
  }

  get(id) {
    return this.#runs.get(id);
  }

  /** Take a frame in. Gives the run that it changed, null if it is about none, or about one that is over. */
  receive(frame) {
    switch (frame.type) {
      case "connected":
        return this.#connected(frame.runs ?? []);
      case "agent_started":
        return this.#begin(frame.run_id, frame.agent);
      case "agent_delta":
        return this.#delta(frame);
      case "agent_progress":
        return this.#with(frame, (run) => (run.status = frame.status));
      case "agent_thinking":
        return this.#with(frame, (run) => run.steps.push({ kind: "thought", text: frame.text, truncated: frame.truncated }));
      case "tool_executing":
        return this.#with(frame, (run) => run.steps.push(stepOf(frame)));
      case "tool_completed":
        return this.#with(frame, (run) => complete(run, frame));
      case "agent_completed":
      case "agent_failed":
        return this.#end(frame);
      default:
        return null;
    }
  }

  #begin(id, agent) {
    const run = this.#runs.get(id) ?? { id, agent, status: "running", steps: [], text: "", before: 0, ended: false };
    this.#runs.set(id, run);
    return run;
  }

  /** A line stands anew: these are the runs there are, each with the end of its text. */
  #connected(rows) {
    const there = new Set(rows.map((row) => row.run_id));
    for (const [id, run] of this.#runs) if (!there.has(id)) this.#end({ run_id: id, run });
    for (const row of rows) {
      const run = this.#begin(row.run_id, row.agent);
      run.status = row.status;
      run.before = row.offset ?? 0;
      run.text = row.text ?? "";
    }
    return null;
  }

  #with({ run_id: id }, change) {
    const run = this.#runs.get(id);
    if (!run) return null;
    change(run);
    return run;
  }

  /** A piece that begins before the end of what is known replaces what follows it; one that leaves a hole waits. */
  #delta({ run_id: id, offset, text }) {
    const run = this.#runs.get(id);
    if (!run) return null;
    const known = [...run.text];
    if (offset < run.before) {
      run.before = offset;
      run.text = text;
    } else if (offset <= run.before + known.length) {
      run.text = known.slice(0, offset - run.before).join("") + text;
    } else return null;
    run.status = "running";
    return run;
  }

  #end(frame) {
    const run = this.#runs.get(frame.run_id);
    if (!run) return null;
    this.#runs.delete(frame.run_id);
    Object.assign(run, { ended: true, code: frame.code ?? null, detail: frame.detail ?? null });
    return run;
  }
}

function stepOf({ call_id: call, tool, arguments: given, purpose, truncated }) {
  return { kind: "tool", call, tool, arguments: given, purpose, truncated, result: null };
}

function complete(run, frame) {
  const step = run.steps.find((each) => each.call === frame.call_id);
  const { result, is_error: isError, duration_ms: duration, truncated } = frame;
  if (step) Object.assign(step, { result, isError, duration, truncated: step.truncated || truncated });
}

/** Steps as REST keeps them of a run that is over, in the shape of those that are told live. */
export function stepsOf(entries) {
  const run = { steps: [] };
  for (const entry of entries) {
    const type = entry.type ?? entry.kind;
    if (type === "agent_thinking" || type === "thinking") run.steps.push({ kind: "thought", text: entry.text, truncated: entry.truncated });
    else if (type === "tool_executing") run.steps.push(stepOf(entry));
    else if (type === "tool_completed") complete(run, entry);
    else if (entry.tool) {
      run.steps.push(stepOf(entry));
      if (entry.result !== undefined) complete(run, entry);
    }
  }
  return run.steps;
}
