/** Notifications of the desktop, where they were asked for, and only while the page is not looked at. */

import { text } from "./texts.js";

const WISH = "notify"; // in localStorage: a wish of this browser, nothing secret

function wished() {
  try {
    return localStorage.getItem(WISH) === "on" && Notification.permission === "granted";
  } catch {
    return false;
  }
}

function wish(on) {
  try {
    localStorage.setItem(WISH, on ? "on" : "off");
  } catch {
    // Then for this page only, which is none.
  }
}

/** Make a button of it. */
export function offerNotifications(button, say) {
  if (!("Notification" in globalThis)) return;
  const show = () => (button.ariaPressed = String(wished()));
  button.hidden = false;
  show();
  button.addEventListener("click", async () => {
    const isOn = wished();
    const granted = isOn || (await Notification.requestPermission()) === "granted";
    if (!granted) say(text("notify_denied"));
    wish(!isOn && granted);
    show();
  });
}

/** Tell of something. The same `tag` in several tabs is one notification. */
export function notify({ title, body, tag, href }) {
  if (!document.hidden || !wished()) return;
  const shown = new Notification(title, { body, tag });
  shown.onclick = () => {
    focus();
    if (href && location.pathname !== href) location.assign(href);
    shown.close();
  };
}
