/** What the page says, in the reader's language: conversations/texts.py. */

const found = document.getElementById("texts");
const texts = found ? JSON.parse(found.textContent) : {};

/** A text with what belongs into its braces. */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** The same as nodes, with the values set apart: they may be written in the other direction. */
export function nodes(name, values = {}) {
  return (texts[name] ?? name).split(/(\{\w+\})/).map((part) => {
    const key = /^\{(\w+)\}$/.exec(part)?.[1];
    if (!key) return part;
    const element = document.createElement("bdi");
    element.textContent = values[key] ?? "";
    return element;
  });
}

/** `name_one` for one, else `name_many`. */
export function counted(name, number) {
  return text(number === 1 ? `${name}_one` : `${name}_many`, { number: number.toLocaleString() });
}
