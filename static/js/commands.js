/** What a text is for that begins with a slash: `/invite` and `/agent`. (`/me` is a message.) */

import { rest } from "./rest.js";
import { text } from "./texts.js";

/** Carry out a command; raises what it was refused with. */
export async function command(content, { api, people, open }) {
  const [, name, words] = /^\/(invite|agent)(?:\s+([\s\S]*))?$/.exec(content.trim());
  if (name === "invite" || !words) await open(name === "invite" ? "invite" : "agents");
  else await ask(words, api, (await people()).members);
}

async function ask(words, api, members) {
  const [, name, said] = /^@?(\S+)\s*([\s\S]*)$/.exec(words);
  const isCalled = (member) => member.kind === "agent" && [member.username, member.name].some((each) => each.toLowerCase() === name.toLowerCase());
  const agent = members.find(isCalled);
  if (!agent) throw new Error(text("no_such_agent", { name }));
  await rest("POST", `${api}/runs`, { agent: agent.id, ...(said && { content: said }) });
}
