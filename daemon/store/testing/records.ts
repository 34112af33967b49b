import { utf8 } from '../../../shared/bytes.js'
import type { Op } from '../store.js'

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
