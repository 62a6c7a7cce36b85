/** The line by which a reply names what it replies to, where the server did not send it along. */

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
export async function quote(message, history) {
  if (!message.reply_to || message.quoted) return;
  const row = history.find(message.reply_to);
  if (row) {
    message.quoted = quoteOf(row);
    message.thread = row.dataset.thread || row.dataset.id;
    if (!history.find(message.id)) history.countReply(message.thread);
    return;
  }
  const found = await rest("GET", `/api/v1/messages/${message.reply_to}`).catch(() => null);
  const shown = history.find(message.id);
  if (!found || !shown) return;
  const excerpt = found.content === null ? null : inOneLine(found.content);
  showQuoted(shown, { id: found.id, sequence_id: found.sequence_id, name: found.participant?.display_name ?? "", excerpt });
}
