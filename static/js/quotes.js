/** The line by which a reply names what it replies to, where the server did not send it along. */

import { arrange } from "./arrange.js";
import { showQuoted } from "./render.js";
import { rest } from "./rest.js";

const LENGTH = 140;

function inOneLine(words) {
  return words.trim().split(/\s+/).join(" ").slice(0, LENGTH);
}

/** A message of the page, as a reply to it shows it. */
export function quoteOf(row) {
  const { id, sequence, deleted } = row.dataset;
  const excerpt = deleted === undefined ? inOneLine(row.querySelector(".body").textContent) : null;
  return { id, sequence_id: Number(sequence), name: row.querySelector(".byline .name").textContent, excerpt };
}

/** Give a message that came live its line: from the page, or a moment later from the server. */
export async function quote(message, history, isNew) {
  const row = history.find(message.reply_to);
  const thread = row?.dataset.thread || message.reply_to;
  if (row && isNew) history.countReply(thread);
  const about = row ? quoteOf(row) : await ask(message.reply_to);
  const shown = history.find(message.id);
  if (!about || !shown) return;
  shown.dataset.thread = thread;
  history.keepEnd(() => {
    showQuoted(shown, about);
    arrange([shown]);
  });
}

async function ask(id) {
  const found = await rest("GET", `/api/v1/messages/${id}`).catch(() => null);
  if (!found) return null;
  const excerpt = found.content === null ? null : inOneLine(found.content);
  return { id: found.id, sequence_id: found.sequence_id, name: found.participant?.display_name ?? "", excerpt };
}
