/** Runs one piece of work after the other, in the order of asking. A failed one doesn't stop the next. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(work)
    this.#tail = mine.catch(() => undefined)
    return mine
  }

  /** Resolves when all work asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#tail
  }
}
