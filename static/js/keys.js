/** The keyboard outside of the field. Single letters act only where nothing is being typed. */

/** @param {Record<string, (event: KeyboardEvent) => void>} deeds by the key, `Alt+` in front where it is held */
export function listenToKeys(deeds) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const isTyping = event.target.closest("input, textarea, select, [contenteditable], [role=menu]");
    const held = event.ctrlKey || event.metaKey ? "Ctrl+" : event.altKey ? "Alt+" : "";
    if (isTyping && !held && event.key !== "Escape") return;
    const deed = deeds[held + event.key];
    if (!deed || deed(event) === false) return;
    event.preventDefault();
  });
}

/** The row that is `step` rows further, from `row`; the last one if there is none. */
export function neighbour(rows, row, step) {
  const place = rows.indexOf(row);
  if (place < 0) return rows.at(-1);
  return rows[Math.min(rows.length - 1, Math.max(0, place + step))];
}
