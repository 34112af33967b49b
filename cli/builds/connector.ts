import { Buffer } from 'node:buffer'
import { realpathSync, statSync } from 'node:fs'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { isLoaderVariable } from '../../shared/loader-variables.js'
import type { Demands, Warning } from '../../shared/protocol/local-common.js'
import type { Finding } from '../interop/fluvio/config.js'
import { fileProblem, variableProblem } from '../interop/fluvio/secrets-file.js'
import { readMany } from '../files/read-many.js'
import { isRunner } from '../reach/runner-env.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

// What a connector's commands share: its configuration's text, and its secrets wherever they are.

/** A connector's own values for one machine and person, before those of the project. */
const OWN = '/user/fluvio/'

/** A secret by the name that the connector asks for. */
export type ConnectorSecret = {
  readonly name: string
  readonly reference: string
  readonly bytes: Uint8Array
}
export type Found = {
  readonly secrets: readonly ConnectorSecret[]
  readonly missing: readonly string[]
  readonly sealed: readonly string[]
}

/**
 * The configuration's text and its absolute path. It must be a regular file: the connector reads it again.
 * @throws CofferError `usage`, `storage`, `limit`, `format` (no UTF-8)
 */
export function readConfigFile(session: Session, typed: string): { path: string; text: string } {
  const path = session.path(typed)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isFile()) {
    throw new CofferError('usage', `${displayText(typed)} is no regular file`, {
      reason: 'unreadable',
      next: 'the connector reads it again: name a file',
    })
  }
  const bytes = readPath(path, LIMITS.connectorConfig)
  if (bytes.length > LIMITS.connectorConfig) {
    const message = `${displayText(typed)} has more than ${LIMITS.connectorConfig} bytes`
    throw new CofferError('limit', message, {
      reason: 'too-large',
      next: 'name a connector config',
    })
  }
  const text = fromUtf8(bytes)
  if (text !== undefined) return { path, text }
  throw new CofferError('format', `${displayText(typed)} is not UTF-8`, {
    reason: 'not-utf8',
    next: 'save it as UTF-8',
  })
}

/** Which secrets the connector asks for. @throws CofferError `format` for a configuration that it would refuse */
export async function askedNames(typed: string, text: string): Promise<string[]> {
  const { checkText, namesOf } = await import('../interop/fluvio/check.js')
  const { config, findings } = checkText(text)
  refuseErrors(typed, findings)
  return namesOf(config)
}

/**
 * Every secret that a configuration uses, in a template that meta.secrets doesn't name yet, too: that is said in `warnings`.
 * @throws CofferError `format` where names can't be read
 */
export async function usedNames(
  typed: string,
  text: string,
): Promise<{ readonly names: string[]; readonly warnings: readonly Warning[] }> {
  const { checkText, namesOf } = await import('../interop/fluvio/check.js')
  const { config, findings } = checkText(text)
  const isLater = ({ rule }: Finding): boolean => ['undeclared', 'api-version'].includes(rule)
  refuseErrors(
    typed,
    findings.filter((one) => !isLater(one)),
  )
  const names = [...namesOf(config), ...config.template.uses.map(({ name }) => name)]
  const warnings = findings
    .filter(({ level, rule }) => level === 'error' || rule === 'unclear-template')
    .map((one) => ({ code: one.rule, message: sentence(typed, one) }))
  return { names: [...new Set(names)], warnings }
}

function refuseErrors(typed: string, findings: readonly Finding[]): void {
  const [first, ...more] = findings.filter(({ level }) => level === 'error')
  if (first === undefined) return
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  throw new CofferError('format', `${sentence(typed, first)}${others}`, {
    reason: 'connector-config',
    next: `see coffer connector check ${displayText(typed)}`,
  })
}

/** `connector.yaml:12: error: undeclared: NAME: what`. */
export function sentence(file: string, { rule, level, line, name, text }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}`
  return [place, level, rule, ...(name === undefined ? [] : [name]), text].join(': ')
}

/** Whether two paths lead to one file. */
export function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b)
  } catch {
    return false
  }
}

/**
 * The secrets of these names: a runner's where a token says so, else a person's own under /user/fluvio, else those of the
 * project, which a `.coffer.yaml` alone may not choose. What is demanded holds for the project's.
 * @throws CofferError what the daemon answers; `limit` for too many names
 */
export async function gather(
  session: Session,
  names: readonly string[],
  demands: Demands & { readonly strict?: boolean },
): Promise<Found> {
  if (names.length > LIMITS.items) {
    throw new CofferError('limit', `a connector is given at most ${LIMITS.items} secrets`, {
      reason: 'names',
      next: 'split the configuration',
    })
  }
  const own = isRunner(session.io.env) ? [] : await readOwn(session, names)
  const rest = names.filter((name) => !own.some((one) => one.name === name))
  if (rest.length === 0) return { secrets: own, missing: [], sealed: [] }
  const read = await readMany(session, { names: rest, forChild: true, ...demands })
  const found = read.secrets.map(({ asked, reference, bytes }) => ({
    name: asked,
    reference,
    bytes,
  }))
  const absent = read.missing.map(({ asked }) => asked)
  const sealed = rest.filter(
    (name) => !absent.includes(name) && !found.some((one) => one.name === name),
  )
  return { secrets: [...own, ...found], missing: absent, sealed }
}

async function readOwn(session: Session, names: readonly string[]): Promise<ConnectorSecret[]> {
  const asked = names
    .map((name) => `${OWN}${name}`)
    .filter((path) => Buffer.byteLength(path) <= LIMITS.name)
  if (asked.length === 0) return []
  const { secrets } = await readMany(session, { names: asked, forChild: true })
  return secrets.map(({ asked: typed, reference, bytes }) => ({
    name: typed.slice(OWN.length),
    reference,
    bytes,
  }))
}

/**
 * How all of these reach the connector unchanged: in the secrets file, else as variables; it reads one of them only.
 * @throws CofferError `format` (reason `no-carrier`) by name, `refused` (reason `loader-variable`)
 */
export function carrierOf(secrets: readonly ConnectorSecret[]): 'file' | 'variables' {
  const unfit = secrets.flatMap((one) => {
    const problem = fileProblem(one)
    return problem === undefined ? [] : [{ name: one.name, problem }]
  })
  const [first] = unfit
  if (first === undefined) return 'file'
  for (const one of secrets) {
    const problem = variableProblem(one)
    if (problem !== undefined) throw noCarrier(first, { name: one.name, problem })
    if (isLoaderVariable(one.name)) {
      const why = `the secrets file can't hold ${displayText(first.name)}, and as a variable ${one.name} would decide what code runs`
      throw new CofferError('refused', why, {
        reason: 'loader-variable',
        next: 'give that secret another name',
      })
    }
  }
  return 'variables'
}

type Unfit = { readonly name: string; readonly problem: string }

function noCarrier(file: Unfit, variable: Unfit): CofferError {
  const inFile = `the secrets file can't hold ${displayText(file.name)}: it ${file.problem}`
  const other = file.name === variable.name ? 'it' : displayText(variable.name)
  return new CofferError('format', `${inFile}, nor can a variable: ${other} ${variable.problem}`, {
    reason: 'no-carrier',
    next: 'store it in another form, base64 for one, if the connector takes that',
  })
}
