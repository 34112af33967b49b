import { Rng } from './rng.js'

type Task = {
  readonly time: number
  readonly order: number
  readonly run: () => void
  off: boolean
}

/** Virtual time, the tasks that wait for it, and the one source of chance. Two worlds of one seed are the same. */
export class World {
  readonly rng: Rng
  /** Milliseconds since the start. */
  now = 0
  readonly #heap: Task[] = []
  readonly #trace: ((line: string) => void) | undefined
  #order = 0

  constructor(seed: number, trace?: (line: string) => void) {
    this.rng = new Rng(seed)
    this.#trace = trace
  }

  /** One line of the trace. The text is made only when somebody reads it. */
  log(who: string, what: () => string): void {
    this.#trace?.(`${String(Math.round(this.now)).padStart(8)} ${who.padEnd(6)} ${what()}`)
  }

  /** Runs `run` after so many milliseconds; the result cancels it. */
  after(ms: number, run: () => void): () => void {
    const task: Task = { time: this.now + ms, order: this.#order++, run, off: false }
    this.#push(task)
    return () => {
      task.off = true
    }
  }

  /** Lets time pass up to `until`, or until `done` holds. @returns whether `done` held */
  run(until: number, done: () => boolean = () => false): boolean {
    for (;;) {
      if (done()) return true
      const next = this.#heap[0]
      if (next === undefined || next.time > until) {
        this.now = until
        return done()
      }
      this.#pop()
      this.now = Math.max(this.now, next.time)
      if (!next.off) next.run()
    }
  }

  #push(task: Task): void {
    const heap = this.#heap
    let i = heap.push(task) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (!before(task, heap[up])) break
      swap(heap, i, up)
      i = up
    }
  }

  #pop(): void {
    const heap = this.#heap
    swap(heap, 0, heap.length - 1)
    heap.pop()
    for (let i = 0; ;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && before(heap[child], heap[least])) least = child
      }
      if (least === i) return
      swap(heap, i, least)
      i = least
    }
  }
}

function before(a: Task | undefined, b: Task | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}

function swap(heap: Task[], i: number, j: number): void {
  const a = heap[i]
  const b = heap[j]
  if (a === undefined || b === undefined) return
  heap[i] = b
  heap[j] = a
}
