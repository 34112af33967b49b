import { CofferError, isErrorCode } from '../errors.js'
import { object, optional, text, type Infer } from './schema.js'

// A failure within a line of JSON, as a process that was just started says it to the one that started it (SPEC section 10).

export const errorFields = object({
  code: text(64),
  message: text(4096),
  reason: optional(text(64)),
  next: optional(text(4096)),
})

/** What is said of an error. Its cause stays where it was. */
export function fieldsOf({ code, message, reason, next }: CofferError): object {
  return { code, message, reason, next }
}

/** The error that was said; a code that isn't of the table, or none at all, is `internal`, with `otherwise` as its message. */
export function errorOf(
  fields: Infer<typeof errorFields> | undefined,
  otherwise: string,
): CofferError {
  const { code = 'internal', message = otherwise, reason, next } = fields ?? {}
  return new CofferError(isErrorCode(code) ? code : 'internal', message, {
    ...(reason === undefined ? {} : { reason }),
    ...(next === undefined ? {} : { next }),
  })
}

/** The value of a line. @throws CofferError `format` (reason `not-json`) with `refusal` as its message */
export function parsedLine(line: string, refusal: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new CofferError('format', refusal, { reason: 'not-json' })
  }
}
