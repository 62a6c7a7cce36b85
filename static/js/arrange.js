/** What stands between messages: days, names that need not be repeated, and where what is new begins. */

import { make } from "./render.js";
import { text } from "./texts.js";

const FOLLOWS_WITHIN_MS = 5 * 60_000; // as conversations/timeline.py
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const older = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

function isRow(element) {
  return element?.dataset.at !== undefined && !element.classList.contains("day");
}

function before(element) {
  let found = element.previousElementSibling;
  while (found && !isRow(found)) found = found.previousElementSibling;
  return found;
}

function nameOf(date) {
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return text("today");
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === yesterday.toDateString()) return text("yesterday");
  return (date.getFullYear() === now.getFullYear() ? day : older).format(date);
}

/** Put right what depends on the row before: of each of `rows`, in order. */
export function arrange(rows) {
  for (const row of rows) if (isRow(row)) arrangeOne(row);
}

function arrangeOne(row) {
  const former = before(row);
  const at = new Date(row.dataset.at);
  const isNewDay = !former || new Date(former.dataset.at).toDateString() !== at.toDateString();
  const line = row.previousElementSibling?.closest(".day") ?? row.previousElementSibling?.previousElementSibling?.closest(".day");
  if (isNewDay && !line) {
    const made = make("li", "day");
    made.append(make("span", "", nameOf(at)));
    row.before(made);
  } else if (!isNewDay && line && before(line) === former) {
    line.remove();
  }
  if (!row.classList.contains("message")) return;
  const follows =
    !isNewDay &&
    former?.classList.contains("message") &&
    row.dataset.sender &&
    former.dataset.sender === row.dataset.sender &&
    row.querySelector(".quoted").hidden &&
    !row.previousElementSibling.classList.contains("unread-line") &&
    at - new Date(former.dataset.at) < FOLLOWS_WITHIN_MS;
  row.classList.toggle("follows", Boolean(follows));
}

/** The line above the first message of others that is not read; null if there is none here. */
export function markUnread(list, lastRead, self) {
  const first = [...list.querySelectorAll(":scope > .message:not([data-state])")].find(
    (row) => Number(row.dataset.sequence) > lastRead && row.dataset.sender !== self,
  );
  if (!first) return null;
  const line = make("li", "unread-line");
  line.append(make("span", "", text("new")));
  first.before(line);
  arrange([first]);
  return line;
}
