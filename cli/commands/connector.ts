import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { fromUtf8 } from '../../shared/bytes.js'
import { runToEnd } from '../child/child.js'
import { runWithFiles } from '../child/child-files.js'
import { cleanEnvironment } from '../child/clean-env.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import {
  carrierOf,
  gather,
  isSameFile,
  readConfigFile,
  sentence,
  askedNames,
  type Found,
} from '../builds/connector.js'
import { DEMAND_OPTIONS, demandsOf } from '../demands.js'
import { lines } from '../format.js'
import type { Finding } from '../interop/fluvio/config.js'
import type { State } from '../interop/fluvio/check.js'
import { readCommand, withFiles, type Given } from '../interop/fluvio/command.js'
import { writeSecretsFile } from '../interop/fluvio/secrets-file.js'
import { SecretFiles } from '../child/secret-files.js'
import type { Session } from '../session.js'

// Fluvio's connectors, as they are started by hand: their configuration says which secrets they get.

/** What a connector and cdk need beside what every program needs. */
const KEPT =
  'RUST_LOG RUST_BACKTRACE SSL_CERT_FILE SSL_CERT_DIR CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN'

export const connectorCheck: Command = {
  name: 'connector check',
  summary: "Hold a connector's configuration against Fluvio's rules and the secrets that are there",
  details: `Errors: no YAML before templates are rendered (yaml, too-deep), a name that Fluvio refuses (secret-name), a template
whose secret meta.secrets doesn't name (undeclared) or without apiVersion 0.1.0 (api-version), what no template can hold
(template-syntax, unknown-variable), a secret that isn't there (missing), a value that, put in as it is, changes what the
file says (value-breaks). No value is shown; a sealed one is not checked. Exits 32 for an error in the file, 20 where only
secrets are missing.`,
  args: [{ name: 'CONFIG', required: true }],
  options: [
    ...DEMAND_OPTIONS,
    { flags: '--strict', text: 'fail where two values were written apart' },
  ],
  examples: [
    { line: 'coffer connector check connector.yaml', text: '' },
    {
      line: 'COFFER_TOKEN_FILE=F coffer connector check C',
      text: 'values that a runner may read, too',
    },
  ],
  stdout: 'a finding a line: place, level, rule, what',
  exits: ['not-found', 'locked', 'format', 'limit', 'stale', 'unreachable'],
  runner: true,
  async run(call, session) {
    const { checkSecrets, checkText, namesOf, secretsOf } =
      await import('../interop/fluvio/check.js')
    const [typed = ''] = call.args
    const { text } = readConfigFile(session, typed)
    const { config, findings: first } = checkText(text)
    const asked = secretsOf(config).filter(({ name }) => namesOf(config).includes(name))
    const names = asked.map(({ name }) => name)
    const found =
      names.length === 0
        ? { secrets: [], missing: [], sealed: [] }
        : await gather(session, names, demands(call))
    const states = statesOf(found)
    const findings = [...first, ...checkSecrets(text, config, states)]
    const secrets = secretsOf(config).map((one) => ({
      ...one,
      state: states.get(one.name)?.kind ?? 'unknown',
      reference: found.secrets.find(({ name }) => name === one.name)?.reference ?? null,
    }))
    const shown = findings.map((one) => ({
      ...one,
      line: one.line ?? null,
      name: one.name ?? null,
    }))
    const result = {
      config: typed,
      apiVersion: config.apiVersion ?? null,
      secrets,
      findings: shown,
    }
    session.show(result, lines(findings.map((one) => sentence(typed, one))))
    const errors = findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) throw failure(typed, errors)
  },
}

function demands(call: Call): Parameters<typeof gather>[2] {
  return { ...demandsOf(call), ...(call.flag('strict') ? { strict: true } : {}) }
}

function statesOf(found: Found): Map<string, State> {
  const states = new Map<string, State>()
  for (const name of found.missing) states.set(name, { kind: 'missing' })
  for (const name of found.sealed) states.set(name, { kind: 'sealed' })
  for (const { name, bytes } of found.secrets) {
    states.set(name, { kind: 'readable', value: fromUtf8(bytes) })
  }
  return states
}

function failure(file: string, errors: readonly Finding[]): CofferError {
  const missing = errors.filter(({ rule }) => rule === 'missing')
  if (missing.length === errors.length) {
    const names = missing.map(({ name = '' }) => name).slice(0, 10)
    return notThere(names.map(displayText).join(', '))
  }
  const many = errors.length === 1 ? 'an error' : `${errors.length} errors`
  return new CofferError('format', `${displayText(file)} has ${many}`, {
    reason: 'connector-config',
    next: 'correct what is listed',
  })
}

function notThere(names: string): CofferError {
  return new CofferError('not-found', `the connector needs what is not there: ${names}`, {
    reason: 'no-secret',
    next: 'set it: coffer fluvio secret set NAME, or grant it to the runner',
  })
}

export const connectorRun: Command = {
  name: 'connector run',
  summary: 'Run a connector with the secrets that its configuration names, and no others',
  details: `They come by a file in memory that is gone when the connector ends (--secrets FILE is added, and --config where it's
missing), or, where a value has line ends or outer blanks, as variables. A runner's token gives the runner's secrets; else
/user/fluvio/NAME, your own, comes before NAME of the project. The connector inherits PATH, HOME, locale, terminal,
RUST_LOG and where certificates and cargo are, nothing else: --keep-env names more. Its exit code, or its death by a signal, is coffer's. Also: cdk test; not
cdk deploy start, whose connector outlives the file.`,
  args: [{ name: 'COMMAND…', required: true, many: true }],
  options: [
    { flags: '-c, --config <FILE>', text: "the configuration, where the command doesn't name it" },
    { flags: '--keep-env <A,B>', text: 'variables that it inherits, too', many: true },
    {
      flags: '--allow-disk',
      text: 'without a file system in memory: a file on disk while it runs',
    },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer connector run --config connector.yaml -- ./http-source', text: '' },
    { line: 'coffer connector run -c connector.yaml -- cdk test', text: '' },
    {
      line: 'COFFER_TOKEN_FILE=F coffer connector run -c C -- ./http-source',
      text: 'sealed secrets, too',
    },
  ],
  stdout: "the connector's",
  exits: ['not-found', 'locked', 'refused', 'format', 'stale', 'conflict', 'unreachable'],
  verbatim: true,
  runner: true,
  async run(call, session) {
    if (session.json) {
      throw new CofferError(
        'usage',
        "connector run has no JSON of its own: the output is the connector's",
        {
          reason: 'no-json',
          next: 'leave --json out',
        },
      )
    }
    const given = readCommand(call.args)
    const typed = configOf(call, session, given)
    const { path, text } = readConfigFile(session, typed)
    const names = await askedNames(typed, text)
    const found = await gather(session, names, demands(call))
    checkThere(found)
    const keep = [...KEPT.split(' '), ...call.list('keep-env').flatMap((one) => one.split(','))]
    const own = cleanEnvironment(session.io.env, keep)
    // The runner's process knows what it read: it needn't live as long as the connector.
    await session.close()
    session.forget()
    await start(call, { given, path, own, env: session.io.env }, found)
  },
}

type Start = {
  readonly given: Given
  readonly path: string
  readonly own: NodeJS.ProcessEnv
  readonly env: NodeJS.ProcessEnv
}

async function start(
  call: Call,
  { given, path, own, env }: Start,
  { secrets }: Found,
): Promise<void> {
  if (secrets.length > 0 && carrierOf(secrets) === 'file') {
    return runWithFiles(
      () => new SecretFiles({ env, allowDisk: call.flag('allow-disk') }),
      (files) => {
        const content = Buffer.from(writeSecretsFile(secrets))
        return withFiles(call.args, given, path, files.add('secrets', content))
      },
      {},
      own,
    )
  }
  const environment = Object.fromEntries(
    secrets.map(({ name, bytes }) => [name, fromUtf8(bytes) ?? '']),
  )
  const argv = withFiles(call.args, given, path, undefined)
  return runToEnd({ policy: 'override', argv, environment }, own)
}

/** The configuration as named. @throws CofferError `usage` for none, or two that differ */
function configOf(call: Call, session: Session, { config }: Given): string {
  const option = call.text('config')
  const typed = option ?? config
  if (typed === undefined || typed === '') {
    throw new CofferError(
      'usage',
      'no configuration is named: it says which secrets the connector gets',
      {
        reason: 'no-config',
        next: 'write coffer connector run --config FILE -- CONNECTOR',
      },
    )
  }
  if (config !== undefined && !isSameFile(session.path(config), session.path(typed))) {
    throw new CofferError('usage', 'the command names another configuration than --config does', {
      reason: 'two-configs',
      next: 'leave one of them out',
    })
  }
  return typed
}

function checkThere({ missing, sealed }: Found): void {
  const shown = (names: readonly string[]): string => names.slice(0, 10).map(displayText).join(', ')
  if (missing.length > 0) throw notThere(shown(missing))
  if (sealed.length === 0) return
  throw new CofferError(
    'refused',
    `only the runners that they were sealed to open ${shown(sealed)}`,
    {
      reason: 'sealed',
      next: 'run with such a runner: COFFER_TOKEN_FILE=FILE, or set a value of your own: coffer set /user/fluvio/NAME',
    },
  )
}
