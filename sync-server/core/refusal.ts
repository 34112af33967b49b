import { CofferError, type ErrorCode } from '../../shared/errors.js'
import { RELAY_CODES, type RelayCode, type RelayMessage } from '../../shared/protocol/relay.js'

export type Refusal = Extract<RelayMessage, { kind: 'refused' }>['body']

function isRelayCode(code: ErrorCode): code is RelayCode {
  return (RELAY_CODES as readonly ErrorCode[]).includes(code)
}

/** Milliseconds after which a client may try again, for the refusals that pass by themselves. */
const RETRY_AFTER: Readonly<Record<string, number>> = {
  busy: 200,
  unavailable: 2_000,
  moved: 50,
}

/** What the client is told of an error: code and reason, never the message. */
export function refusalOf(error: unknown, retryAfter?: number): Refusal {
  if (!(error instanceof CofferError) || !isRelayCode(error.code)) {
    return { code: 'internal', reason: 'internal' }
  }
  const { code, reason = code } = error
  const wait = retryAfter ?? RETRY_AFTER[reason]
  return { code, reason, ...(wait === undefined ? {} : { retryAfter: wait }) }
}
