import { utf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { Op } from '../store.js'

/** For tests: the code and reason of the CofferError that `body` must fail with. */
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

/** For tests: the three records of batch `n`, their sizes and bytes following from `n`. */
export function recordsOf(n: number): Extract<Op, { type: 'put' }>[] {
  return [0, 1, 2].map((part) => ({
    type: 'put',
    key: utf8(`${n}/${part}`),
    value: new Uint8Array((n * 7919 + part * 104_729) % (n % 50 === 0 ? 200_000 : 2000)).fill(
      n + part,
    ),
  }))
}
