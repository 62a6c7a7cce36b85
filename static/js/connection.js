/**
 * The one socket of a page, for all conversations: it says who follows what, and hands each frame to whom it is for.
 */

import { ChatSocket } from "./socket.js";

const UNFIT = new Set(["not_a_participant", "not_found", "banned"]);

export class Connection {
  #socket;
  #followers = new Map();
  #listeners = new Map();
  #watchers = [];
  state = "waiting";

  /** @param {string} self who the page is for */
  constructor(self) {
    this.self = self;
    this.#socket = new ChatSocket({
      address: () => `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/chat/ws`,
      receive: (message) => [message].flat().forEach((frame) => this.#receive(frame)),
      changed: (state, reason) => this.#changed(state, reason),
      askWhy,
    });
  }

  open() {
    this.#socket.connect();
  }

  /** Whether the command is on its way; if not, there is no line. */
  send(command) {
    return this.#socket.send(command);
  }

  /** Something went over this line and was not answered: get another. */
  drop() {
    this.#socket.drop();
  }

  /**
   * Follow a conversation, over every line that there will be.
   * @param {string} conversation
   * @param {object} follower
   * @param {() => number} follower.cursor the last number it has
   * @param {(frame: object) => void} follower.receive
   * @param {(reason: string) => void} follower.ended it is over: `left`, `removed`, `banned`, `deleted`, `gone`
   */
  follow(conversation, follower) {
    this.#followers.set(conversation, follower);
    if (this.state === "open") this.#subscribe(conversation);
  }

  /** Hear of every frame of a type. */
  on(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** Hear of the line: `open`, `waiting`, or `ended` for a reason. */
  watch(watcher) {
    this.#watchers.push(watcher);
  }

  #subscribe(conversation) {
    const { cursor } = this.#followers.get(conversation);
    this.send({ type: "subscribe", conversation_id: conversation, last_sequence_id: cursor() });
  }

  #changed(state, reason) {
    this.state = state;
    for (const watcher of this.#watchers) watcher(state, reason);
  }

  #receive(frame) {
    if (frame.type === "connected" && frame.conversation_id === null) {
      if (frame.participant.id !== this.self) location.reload(); // somebody else signed in, in another tab
      for (const conversation of this.#followers.keys()) this.#subscribe(conversation);
    }
    for (const listener of this.#listeners.get(frame.type) ?? []) listener(frame);
    const follower = this.#followers.get(frame.conversation_id);
    if (!follower) return;
    if (frame.type === "unsubscribed") this.#end(frame.conversation_id, frame.reason);
    else if (frame.type === "error" && UNFIT.has(frame.code) && !frame.message_id) this.#end(frame.conversation_id, "gone");
    else follower.receive(frame);
  }

  #end(conversation, reason) {
    const { ended } = this.#followers.get(conversation);
    this.#followers.delete(conversation);
    ended(reason);
  }
}

/** A browser is not told why a handshake was refused; the same question over REST is answered. */
async function askWhy() {
  try {
    return (await fetch("/api/v1/me")).status;
  } catch {
    return 0;
  }
}
