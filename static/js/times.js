/** Times as the reader's own clock shows them: the page has them in UTC. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** Write every `<time>` below `root`: of today the time, else the day, with `short` nothing more. */
export function showTimes(root, { short = false } = {}) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const today = at.toDateString() === new Date().toDateString();
    const texts = [...(today ? [] : [day.format(at)]), ...(today || !short ? [clock.format(at)] : [])];
    time.textContent = texts.join(", ");
    time.title = full.format(at);
  }
}
