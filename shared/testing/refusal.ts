import { CofferError } from '../errors.js'

// For tests only: what a call is refused with. Anything but a CofferError is a bug, and passes through.

/** The coded error that `run` throws or rejects with. @throws Error when it does neither */
export async function refusal(run: () => unknown): Promise<CofferError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Its code and reason. @throws Error when nothing was refused */
export async function refusedWith(
  run: () => unknown,
): Promise<[code: string, reason: string | undefined]> {
  const { code, reason } = await refusal(run)
  return [code, reason]
}

/** `code/reason` of a call that is refused at once, `holds` of one that isn't. */
export function verdictOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof CofferError) return `${error.code}/${error.reason ?? ''}`
    throw error
  }
  return 'holds'
}
