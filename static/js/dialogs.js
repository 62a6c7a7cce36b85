/** What opens over the conversation. Dialogs are the browser's own: it keeps the focus inside and gives it back. */

import { clone, make, setAvatar, setText, showMessage } from "./render.js";
import { rest } from "./rest.js";
import { text } from "./texts.js";
import { showTimes } from "./times.js";

/** Open a dialog with the content of `dialog-{name}`; gives the content, and the way to close it. */
export function openDialog(name) {
  const dialog = clone("dialog-template");
  const content = clone(`dialog-${name}`);
  setTitle(dialog, content.dataset.title);
  dialog.querySelector(".dialog-body").append(content);
  dialog.querySelector(".dialog-close").onclick = () => dialog.close();
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, content, close: () => dialog.close() };
}

function setTitle(dialog, title) {
  dialog.querySelector("#dialog-title").textContent = title;
}

/** Run something that may be refused; the refusal is told in the dialog. */
async function attempt(content, act) {
  const error = content.querySelector(".error");
  error.textContent = "";
  try {
    return await act();
  } catch (refusal) {
    error.textContent = refusal.message;
    return undefined;
  }
}

/** Ask before what cannot be undone. */
export function confirm(question) {
  return new Promise((resolve) => {
    const { dialog, content, close } = openDialog("confirm");
    let answer = false;
    content.querySelector(".question").textContent = question;
    content.querySelector("[data-yes]").onclick = () => {
      answer = true;
      close();
    };
    content.querySelector("[data-no]").onclick = close;
    content.querySelector("[data-no]").focus();
    dialog.addEventListener("close", () => resolve(answer));
  });
}

/** A link to come in by, made and copied. */
export function invite({ api }) {
  const { content } = openDialog("invite");
  const form = content.querySelector("form");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { role, expires_in: expires, max_uses: uses, allow_guests: guests } = form.elements;
    const body = { role: role.value, expires_in: Number(expires.value), max_uses: Number(uses.value), allow_guests: guests.checked };
    const made = await attempt(content, () => rest("POST", `${api}/invitations`, body));
    if (!made) return;
    form.hidden = true;
    const part = content.querySelector(".made");
    part.hidden = false;
    const [field, button] = part.querySelectorAll("input, button");
    field.value = made.url;
    button.onclick = async () => {
      await copy(made.url, field);
      button.textContent = text("copied");
    };
    button.focus();
  });
}

/** Text to the clipboard, with what plain http has instead. */
export async function copy(content, field) {
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    const place = field ?? document.body.appendChild(Object.assign(make("textarea"), { value: content }));
    place.select();
    document.execCommand("copy");
    if (!field) place.remove();
  }
}

export function settings({ api }) {
  const { content, close } = openDialog("settings");
  const form = content.querySelector("form");
  form.elements.title.value = document.getElementById("title").textContent;
  form.elements.description.value = document.getElementById("description").textContent;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { title, description, visibility, slow_mode_s: slow, locked } = form.elements;
    const body = { title: title.value, description: description.value, visibility: visibility.value, slow_mode_s: Number(slow.value), locked: locked.checked };
    if (await attempt(content, () => rest("PATCH", api, body))) close();
  });
}

export async function agents({ api, people }) {
  const { content, close } = openDialog("agents");
  const found = await attempt(content, () => rest("GET", "/api/v1/agents"));
  const inside = new Set(people.members.map(({ id }) => id));
  const rows = (found?.agents ?? []).filter((agent) => !inside.has(agent.id));
  const empty = content.querySelector(".empty-text");
  empty.hidden = rows.length > 0;
  empty.textContent = text("no_agents");
  content.querySelector(".agents").append(
    ...rows.map((agent) => {
      const row = clone("agent-template");
      setAvatar(row, agent);
      setText(row, "name", agent.display_name);
      setText(row, "description", agent.description ?? "");
      row.querySelector("button").onclick = async () => {
        if (await attempt(content, () => rest("POST", `${api}/agents`, { agent: agent.id }))) close();
      };
      return row;
    }),
  );
}

/** What can be done about a member. */
export function manage({ api, standing, say }, member) {
  const { dialog, content, close } = openDialog("member");
  setTitle(dialog, member.name);
  const may = standing.over[member.role] ?? [];
  for (const part of content.querySelectorAll("[data-part]")) part.hidden = !may.includes(part.dataset.part);
  const { role, seconds } = content.querySelector("form").elements;
  for (const option of role.options) option.hidden = option.disabled = !standing.roles.includes(option.value);
  role.value = member.role;
  const there = `${api}/participants/${member.id}`;
  const deeds = {
    role: () => rest("PATCH", there, { role: role.value }).then(() => text("role_changed")),
    mute: () => {
      const until = new Date(Date.now() + Number(seconds.value) * 1000);
      return rest("PUT", `${api}/mutes/${member.id}`, { until: until.toISOString() }).then(() => text("mute_until", { time: until.toLocaleString() }));
    },
    remove: () => rest("DELETE", there).then(() => text("removed")),
    ban: () => rest("PUT", `${api}/bans/${member.id}`).then(() => text("banned")),
  };
  content.addEventListener("submit", (event) => event.preventDefault());
  content.addEventListener("click", async ({ target }) => {
    const deed = deeds[target.closest("[data-deed]")?.dataset.deed];
    if (!deed) return;
    const done = await attempt(content, deed);
    if (done === undefined) return;
    close();
    say(done);
  });
}

export function keys() {
  openDialog("keys");
}

async function showList(content, address, pick) {
  const list = content.querySelector(".thread");
  const { messages } = await rest("GET", `${address}?limit=100`).catch(() => ({ messages: [] }));
  for (const message of messages) {
    const row = showMessage(message);
    row.removeAttribute("id");
    row.addEventListener("click", (event) => {
      if (event.target.closest("a:not(.permalink, .quoted, .replies)")) return;
      event.preventDefault();
      pick(message);
    });
    list.append(row);
  }
  showTimes(list);
  return messages;
}

export async function pins({ api, goTo }) {
  const { content, close } = openDialog("pins");
  const found = await showList(content, `${api}/pins`, ({ id, sequence_id: sequence }) => {
    close();
    goTo(sequence, id);
  });
  const empty = content.querySelector(".empty-text");
  empty.hidden = found.length > 0;
  empty.textContent = text("no_pins");
}

/** A message with its replies. */
export async function thread({ goTo, reply, may }, id) {
  const { content, close } = openDialog("thread");
  const answer = content.querySelector("[data-reply]");
  answer.hidden = !may().react;
  const found = await showList(content, `/api/v1/messages/${id}/thread`, (message) => {
    close();
    goTo(message.sequence_id, message.id);
  });
  answer.onclick = () => {
    close();
    if (found[0]) reply(found[0]);
  };
}
