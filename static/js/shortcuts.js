/** What keys do in a conversation. The list on `?` is in templates/conversations/dialogs.html. */

/** Listen to keys. `page` has the parts of the page that they act on. Gives the listener, for a key that came before it. */
export function listenToKeys(page) {
  const deeds = deedsOf(page);
  const listen = (event) => carryOut(deeds, event);
  document.addEventListener("keydown", listen);
  return listen;
}

/** Single letters act only where nothing is being typed; and what is open above the page has its own keys. */
function carryOut(deeds, event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open], :popover-open")) return;
  const held = event.ctrlKey || event.metaKey ? "Ctrl+" : event.altKey ? "Alt+" : "";
  const isTyping = event.target.closest("input, textarea, select, [contenteditable], [role=menu]");
  if (isTyping && !held) return;
  const deed = deeds[held + event.key];
  if (deed && deed() !== false) event.preventDefault();
}

function deedsOf({ history, writing, open, tools: { actions, messages } }) {
  const move = (step) => {
    const row = neighbour(history.rows, actions.focused, step);
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector(".permalink").focus();
  };
  const onMessage = (act) => () => (actions.focused ? act(actions.focused) : false);
  const goBeside = (step) => {
    const rows = [...document.querySelectorAll("#conversations [data-conversation]")];
    const here = rows.find((row) => row.ariaCurrent === "page");
    const there = neighbour(rows, here, step);
    if (there && there !== here) there.click();
  };
  return {
    j: () => move(1),
    k: () => move(-1),
    r: onMessage((row) => messages.act("reply", row)),
    e: onMessage((row) => messages.act("edit", row)),
    "+": onMessage((row) => actions.pick(row)),
    t: onMessage((row) => messages.act("thread", row)),
    y: onMessage((row) => messages.act("link", row)),
    c: () => writing.focus(),
    u: () => history.toFirstUnread(),
    "?": () => open("keys"),
    Escape: () => history.toEnd(),
    "Alt+p": () => writing.togglePreview(),
    "Alt+ArrowUp": () => goBeside(-1),
    "Alt+ArrowDown": () => goBeside(1),
  };
}

/** The row that is `step` rows further, from `row`; the last one if there is none. */
function neighbour(rows, row, step) {
  const place = rows.indexOf(row);
  if (place < 0) return rows.at(-1);
  return rows[Math.min(rows.length - 1, Math.max(0, place + step))];
}
