/**
 * A socket that comes back. It knows nothing of what it carries: it connects, waits longer each time that it cannot,
 * and stops where trying again would be no use.
 */

const DELAYS_S = [1, 2, 4, 8, 16, 30];
const SUBPROTOCOL = "chat.v1";
const PING_MS = 20_000;
const ANSWER_MS = 10_000; // without any word after a ping a line counts as dead

// Close codes after which nothing gets better by itself.
const FINAL = new Map([
  [1000, "left"],
  [1007, "broken"],
  [1009, "broken"],
  [4400, "broken"],
  [4401, "signed_out"],
  [4413, "broken"],
]);
// The same, when a handshake was refused and REST said why.
const FINAL_STATUS = new Map([[401, "signed_out"]]);

/** Milliseconds before the next try: half of the step is certain, half is chance, so that clients do not come at once. */
export function delay(attempt, random = Math.random()) {
  const step = DELAYS_S[Math.min(attempt, DELAYS_S.length - 1)] * 1000;
  return step / 2 + (step / 2) * random;
}

export class ChatSocket {
  #attempt = 0;
  #timer = null;
  #socket = null;
  #heard = 0;

  /**
   * @param {object} page
   * @param {() => string} page.address where to connect
   * @param {(message: object) => void} page.receive what to do with each message
   * @param {(state: "open" | "waiting" | "ended", reason?: string) => void} page.changed what to show
   * @param {() => Promise<number>} page.askWhy the HTTP status that explains a refused handshake
   */
  constructor(page) {
    this.page = page;
    addEventListener("online", () => this.#now());
    addEventListener("pageshow", (event) => event.persisted && this.#now());
    document.addEventListener("visibilitychange", () => document.hidden || this.#now());
    setInterval(() => this.#check(), PING_MS);
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const socket = new WebSocket(this.page.address(), [SUBPROTOCOL]);
    this.#socket = socket;
    let opened = false;
    let pause = 0;
    socket.onopen = () => {
      opened = true;
      this.#heard = Date.now();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#heard = Date.now();
      const message = JSON.parse(data);
      for (const frame of [message].flat()) {
        if (frame.type === "connected") this.#stands();
        if (frame.type === "closing") pause = frame.reconnect_in ?? 0;
      }
      this.page.receive(message);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code, opened, pause);
    };
  }

  /** Whether the command is on its way; if not, it is for the next connection. */
  send(command) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  #stands() {
    this.#attempt = 0;
    this.page.changed("open");
  }

  async #lost(code, opened, pause) {
    this.#socket = null;
    const reason = FINAL.get(code) ?? (opened ? undefined : FINAL_STATUS.get(await this.page.askWhy()));
    if (reason) {
      this.page.changed("ended", reason);
    } else if (this.#socket === null) {
      this.page.changed("waiting");
      this.#timer = setTimeout(() => this.connect(), Math.max(delay(this.#attempt++), pause * 1000));
    }
  }

  /** The line may be back: do not wait. */
  #now() {
    if (this.#timer !== null) this.connect();
    else this.#check();
  }

  /** A line can be dead without a word, as after a laptop slept or went to another network. */
  #check() {
    const asked = Date.now();
    const socket = this.#socket;
    if (!this.send({ type: "ping" })) return;
    setTimeout(() => socket === this.#socket && this.#heard < asked && this.drop(), ANSWER_MS);
  }

  /** Give this line up, whatever it says of itself, and get another. */
  drop() {
    const dead = this.#socket;
    if (dead?.readyState !== WebSocket.OPEN) return;
    this.#lost(1006, true, 0);
    dead.close();
  }
}
