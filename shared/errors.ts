// The closed table of error codes. A code is the interface; messages may change.
// The number is the exit code of the command line (README lists them; SPEC section 10).

export const ERROR_CODES = {
  internal: 1,
  usage: 2,
  'not-found': 20,
  locked: 21,
  'cannot-decrypt': 22,
  refused: 23,
  stale: 24,
  conflict: 25,
  unreachable: 26,
  tampering: 27,
  exists: 28,
  'timed-out': 29,
  'relay-refused': 30,
  storage: 31,
  limit: 32,
  format: 32,
  home: 33,
  expired: 34,
  cancelled: 130,
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export type ErrorDetail = {
  /** A finer, stable name within the code: `bad-signature`, `stale-base`, `quota`. */
  readonly reason?: string
  /** What the person can do next, as the end of the message's sentence: `run coffer unlock`. */
  readonly next?: string
  readonly cause?: unknown
}

/**
 * The only error that crosses a boundary. One voice: the message says what failed and why, without a capital at its
 * start or a full stop at its end; the next step stands apart, to follow it behind a semicolon.
 */
export class CofferError extends Error {
  readonly code: ErrorCode
  readonly reason: string | undefined
  readonly next: string | undefined

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'CofferError'
    this.code = code
    this.reason = detail.reason
    this.next = detail.next
  }
}

/** Whether what was thrown is a coded error of one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is CofferError {
  return error instanceof CofferError && codes.includes(error.code)
}

/** A code from outside, or undefined when it isn't of the table. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)
}
