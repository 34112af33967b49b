import { fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { isLoaderVariable } from '../../../shared/loader-variables.js'

// Which secrets become variables of a child, and which never do by themselves (SPEC section 12).

/** What Linux takes for one `NAME=VALUE` with its NUL (MAX_ARG_STRLEN). */
const VARIABLE_MAX = 128 * 1024

export type Pair = { readonly name: string; readonly value: Bytes }

/** True for a name that a shell takes for a variable. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/**
 * The variables of a child. A name that is no identifier is skipped, or refused when it was asked for by name.
 * @param asked whether the secrets were named one by one (`--only`)
 * @param allow loader variables that the caller lets through (`--allow-env`)
 * @throws CofferError by name: `refused` (reason `loader-variable`), `format` (reason `not-a-variable`: NUL, not UTF-8,
 * no identifier), `limit` (reason `not-a-variable`: 128 KiB or more)
 */
export function childVariables(
  secrets: readonly Pair[],
  asked: boolean,
  allow: readonly string[],
): { variables: Pair[]; skipped: string[] } {
  const variables: Pair[] = []
  const skipped: string[] = []
  for (const secret of secrets) {
    if (!isIdentifier(secret.name)) {
      if (asked) throw notVariable('format', secret.name, 'is no name of a variable')
      skipped.push(secret.name)
      continue
    }
    if (isLoaderVariable(secret.name) && !allow.includes(secret.name)) throw loader(secret.name)
    checkValue(secret)
    variables.push(secret)
  }
  return { variables, skipped }
}

/** A variable has one value: of two under one name the later counts. */
export function mergedVariables(first: readonly Pair[], second: readonly Pair[]): Pair[] {
  if (second.length === 0) return [...first]
  return [...new Map([...first, ...second].map((one) => [one.name, one] as const)).values()]
}

function checkValue({ name, value }: Pair): void {
  if (utf8(name).length + value.length + 2 > VARIABLE_MAX) {
    throw notVariable('limit', name, 'has 128 KiB or more')
  }
  if (value.includes(0)) throw notVariable('format', name, 'holds a NUL byte')
  if (fromUtf8(value) === undefined) throw notVariable('format', name, 'is not UTF-8 text')
}

function notVariable(code: 'format' | 'limit', name: string, why: string): CofferError {
  return new CofferError(code, `the secret '${displayText(name)}' can't be a variable: it ${why}`, {
    reason: 'not-a-variable',
    next: 'choose others with --only, or read this one with coffer get -n',
  })
}

function loader(name: string): CofferError {
  return new CofferError('refused', `the secret '${name}' would decide what code the child runs`, {
    reason: 'loader-variable',
    next: `choose others with --only, or say --allow-env ${name}`,
  })
}
