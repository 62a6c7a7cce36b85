/** The sidebar's filter and width. Both work without: the filter is a form, the width has a value to begin with. */

const STEP = 2; // rem; as the widths in css/base.css and chatsite/look.py
const NARROWEST = 16;
const WIDEST = 28;
const YEAR_SECONDS = 365 * 86_400;

/** Show the rows whose title holds what is typed; Enter asks the server, which knows all of them. */
function filterRows(field) {
  const rows = [...document.querySelectorAll("#conversations > li")];
  const empty = document.getElementById("side-empty");
  const narrow = () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    for (const row of rows) row.hidden = !row.querySelector(".side-title").textContent.toLocaleLowerCase().includes(wanted);
    empty.hidden = rows.length === 0 || rows.some((row) => !row.hidden);
    if (!empty.hidden) empty.textContent = empty.dataset.none;
  };
  field.addEventListener("input", narrow);
  if (field.value !== field.defaultValue) narrow();
}

/** A grip at the edge of the sidebar: dragged, or moved with the arrow keys. */
function resizeSidebar(grip) {
  const root = document.documentElement;
  const rem = () => parseFloat(getComputedStyle(root).fontSize);
  const width = () => Number(root.dataset.sidebar ?? 20);
  const set = (wanted) => {
    const chosen = Math.min(WIDEST, Math.max(NARROWEST, Math.round(wanted / STEP) * STEP));
    root.dataset.sidebar = chosen;
    grip.setAttribute("aria-valuenow", chosen);
    document.cookie = `sidebar=${chosen};path=/;max-age=${YEAR_SECONDS};samesite=lax`;
  };
  grip.hidden = false;
  grip.setAttribute("aria-valuenow", width());
  grip.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") set(width() - STEP);
    if (key === "ArrowRight") set(width() + STEP);
  });
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (moved) => set(moved.clientX / rem());
  });
  grip.addEventListener("pointerup", () => (grip.onpointermove = null));
  grip.addEventListener("lostpointercapture", () => (grip.onpointermove = null));
}

const filter = document.getElementById("side-filter");
const grip = document.getElementById("side-grip");
if (filter) filterRows(filter);
if (grip) resizeSidebar(grip);
