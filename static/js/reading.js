/** How far one has read: what was in view for a moment. */

const MOMENT_MS = 400;

export class Reading {
  #page;
  #upTo;
  #timer = null;

  /**
   * @param {number} upTo the number of the last entry that is read
   * @param {object} page
   * @param {() => boolean} page.isInView whether the newest entry is looked at
   * @param {() => number} page.cursor its number
   * @param {(number: number) => boolean} page.tell tell the server; false if there is no line
   */
  constructor(upTo, page) {
    this.#upTo = upTo;
    this.#page = page;
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Something came, or came into view. */
  look() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const { isInView, cursor, tell } = this.#page;
      const newest = cursor();
      if (isInView() && newest > this.#upTo && tell(newest)) this.#upTo = newest;
    }, MOMENT_MS);
  }
}
