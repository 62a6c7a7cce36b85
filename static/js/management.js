/** The pages that run a conversation work without scripts; this shows times by the reader's clock, and copies links. */

import { showTimes } from "./times.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // on plain http there is no clipboard
    }
    button.textContent = "Copied";
  });
}

showTimes(document);
