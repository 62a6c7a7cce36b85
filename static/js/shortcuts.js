/** What keys do in a conversation. The list on `?` is in templates/conversations/dialogs.html. */

import { listenToKeys, neighbour } from "./keys.js";

/** @param {object} page the parts of the page that keys act on */
export function arrangeKeys({ history, actions, messages, writing, open }) {
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
    if (there && there !== here) location.assign(there.href);
  };
  listenToKeys({
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
    "Ctrl+p": () => writing.togglePreview(),
    "Alt+ArrowUp": () => goBeside(-1),
    "Alt+ArrowDown": () => goBeside(1),
  });
}
