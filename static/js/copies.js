/** Buttons that copy what is in a field. */

function copyFrom(button) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // on plain http there is no clipboard
    }
    button.textContent = button.dataset.copied;
  });
}

document.querySelectorAll("[data-copy]").forEach(copyFrom);
