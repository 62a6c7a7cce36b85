/** REST as the page uses it: JSON both ways, the session's cookie, and refusals as errors that say what to do. */

import { text } from "./texts.js";

export class Refusal extends Error {
  /** @param {number} status 0 where the server was not reached */
  constructor(status, problem = {}) {
    super(problem.errors?.[0]?.detail ?? problem.detail ?? text(status ? "went_wrong" : "unreachable"));
    Object.assign(this, { status, code: problem.code, retryAfter: problem.retry_after });
  }
}

/** The token that a changing request brings along. */
export function csrf() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

/**
 * Ask the server. Gives the answer's JSON, null if it has none; raises Refusal.
 * @param {string} method
 * @param {string} path
 * @param {object | FormData | URLSearchParams} [body]
 */
export async function rest(method, path, body) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrf();
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  if (body && !isForm) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: isForm ? body : body && JSON.stringify(body) });
  } catch {
    throw new Refusal(0);
  }
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const answer = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) throw new Refusal(response.status, answer ?? {});
  if (response.redirected && !isJson) throw new Refusal(401);
  return answer;
}
