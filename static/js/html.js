/** The one place where text becomes markup. */

// What the server's sanitiser lets through (conversations/markdown.py), for browsers that can sanitise themselves.
const SANITIZER = {
  elements: [
    { name: "a", attributes: ["href", "title", "rel"] },
    { name: "ol", attributes: ["start"] },
    { name: "code", attributes: ["class"] },
    { name: "span", attributes: ["class"] },
    ..."blockquote br em h1 h2 h3 h4 h5 h6 hr li p pre s strong table tbody td th thead tr ul".split(" "),
  ],
};
const policy = globalThis.trustedTypes?.createPolicy("chat-html", { createHTML: (html) => html });

/** Show the `html` of a message, which the server rendered and sanitised. Nothing else may come here. */
export function setMessageHtml(element, html) {
  if (element.setHTML) {
    element.setHTML(html, { sanitizer: SANITIZER });
    return;
  }
  const parsed = new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
  element.replaceChildren(...Array.from(parsed.body.childNodes, (node) => document.importNode(node, true)));
}
