/** Pages beside the conversations, live: counts in the sidebar, and messages that another page left unsent. */

import { Connection } from "./connection.js";
import "./frame.js";
import { later, whenIdle } from "./later.js";
import { clearKept, clearOnSignOut } from "./leaving.js";
import { Outbox } from "./outbox.js";
import { Sidebar } from "./sidebar.js";

const { self } = document.body.dataset;
const sidebar = new Sidebar();
const connection = new Connection(self);
const outbox = new Outbox(self, { transmit: (command) => connection.send(command), drop: () => connection.drop(), changed: () => {} });

connection.watch((state, reason) => {
  if (state === "open") open();
  else outbox.lost();
  if (reason === "signed_out") clearKept();
});
for (const type of ["message_ack", "error"]) connection.on(type, (frame) => frame.message_id && outbox.answer(frame));
connection.on("unread", (frame) => sidebar.unread(frame));
connection.on("conversation_added", (frame) => sidebar.added(frame.conversation));
connection.on("unsubscribed", ({ conversation_id: gone }) => {
  sidebar.gone(gone);
  import("./kept.js").then((kept) => kept.forget(self, gone));
});
connection.open();
clearOnSignOut();

const returning = later(async () => new (await import("./returning.js")).Returning({ self, connection }));

function open() {
  outbox.flush();
  if (!performance.getEntriesByName("live").length) performance.mark("live");
  if (document.getElementById("kept-template")) whenIdle(() => returning().catch(() => {})); // with the next line
}
