/** Times as the reader's own clock shows them: the page has them in UTC. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const older = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/**
 * Write every `<time>` below `root`: of today the time, else the day and the time. With `short`, or on an element with
 * `data-short`, of another day nothing but the day.
 */
export function showTimes(root, { short = false } = {}) {
  const now = new Date();
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const isToday = at.toDateString() === now.toDateString();
    const date = (at.getFullYear() === now.getFullYear() ? day : older).format(at);
    const isShort = short || "short" in time.dataset;
    const texts = [...(isToday ? [] : [date]), ...(isToday || !isShort ? [clock.format(at)] : [])];
    time.textContent = texts.join(", ");
    time.title = full.format(at);
  }
}
