import { CofferError } from '../../../shared/errors.js'

/** The code and reason of the CofferError that `body` must fail with. */
export async function refusal(
  body: () => unknown,
): Promise<[code: string, reason: string | undefined]> {
  try {
    await body()
  } catch (error) {
    if (error instanceof CofferError) return [error.code, error.reason]
    throw error
  }
  throw new Error('nothing was refused')
}
