export type Deadline = { timeout?: number }

const FIRST_PAUSE = 5
const LONGEST_PAUSE = 100

/**
 * Asks until the answer is neither undefined nor false, and gives it.
 * Fails after `timeout` milliseconds (15,000 unless told otherwise) with `what` and the last error a question threw.
 */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { timeout = 60_000 }: Deadline = {},
): Promise<T> {
  const end = performance.now() + timeout
  let last: unknown
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    if (performance.now() > end) {
      const said = typeof what === 'string' ? what : what()
      throw new Error(`not within ${timeout} ms: ${said}`, { cause: last })
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
