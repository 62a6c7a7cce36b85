/** Signing out leaves nothing behind that the next one at this browser could read. */

import { clear } from "./store.js";

const PATIENCE_MS = 1500;

let leaving = false;

/** Whether somebody is signing out: nothing is kept any more. */
export function isLeaving() {
  return leaving;
}

/** Forget the kept messages: one is signed out. */
export function clearKept() {
  leaving = true;
  return clear("kept");
}

/** Forget drafts and kept messages with the sign-out. What is not sent yet stays, for its author alone to send. */
export function clearOnSignOut() {
  for (const form of document.querySelectorAll('form[action$="/sign-out"]')) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const waited = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      await Promise.race([Promise.all([clear("drafts"), clearKept()]), waited]);
      form.submit();
    });
  }
}
