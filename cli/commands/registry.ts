import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { isObject } from '../../shared/protocol/schema.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { columns } from '../format.js'
import { askHidden } from '../prompt.js'
import { readMany } from '../files/read-many.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

// Credentials of container registries where Earthly kept them: std/registry/HOST/… of the project, or of one's own.

const FOLDER = 'std/registry'
const DOCKER_HUB = 'registry-1.docker.io'
const HELPERS = ['none', 'ecr-login', 'gcloud'] as const
type Helper = (typeof HELPERS)[number]
type Field = { readonly name: string; readonly value: Uint8Array }

export const registrySetup: Command = {
  name: 'registry setup',
  summary: 'Store the credentials of a container registry, where Earthly kept them',
  details: `Under std/registry/HOST of the project, or of your own where none is selected. HOST is ${DOCKER_HUB} unless given. A
password comes from stdin (one line end at its end doesn't count) or a hidden prompt; on the command line, shell history
and process list see it.`,
  args: [{ name: 'HOST', required: false }],
  options: [
    { flags: '--cred-helper <HELPER>', text: 'none (name and password), ecr-login or gcloud' },
    { flags: '--username <NAME>', text: 'the name to log in with' },
    { flags: '--password <PASSWORD>', text: 'the password, for everybody to see' },
    { flags: '--password-stdin', text: 'read the password from stdin' },
    { flags: '--aws-access-key-id <ID>', text: 'for ecr-login' },
    { flags: '--aws-secret-access-key <KEY>', text: 'for ecr-login, for everybody to see' },
    { flags: '--aws-secret-access-key-stdin', text: 'for ecr-login: read the key from stdin' },
    { flags: '--gcp-service-account-key-path <FILE>', text: 'for gcloud' },
    { flags: '--gcp-service-account-key-stdin', text: 'for gcloud: read the key from stdin' },
  ],
  examples: [
    { line: 'coffer registry setup --username ci --password-stdin ghcr.io < token', text: '' },
    {
      line: 'coffer registry setup --cred-helper gcloud --gcp-service-account-key-path k.json gcr.io',
      text: '',
    },
  ],
  exits: ['locked', 'refused'],
  async run(call, session) {
    const host = hostOf(call)
    const helper = helperOf(call)
    const fields = await FIELDS[helper](call, session)
    const place = `${FOLDER}/${host}`
    const own = [
      ...fields,
      ...(helper === 'none' ? [] : [{ name: 'cred_helper', value: Buffer.from(helper) }]),
    ]
    const stale = (await namesOf(session, place)).filter(
      (name) => !own.some((field) => name === `${place}/${field.name}`),
    )
    const items = own.map(({ name, value }) => ({
      name: `${place}/${name}`,
      value: Buffer.from(value).toString('base64'),
    }))
    const result = await session.call('secretSetMany', {
      context: session.context,
      items,
      dryRun: false,
    })
    // Of another helper: they would decide how Earthly logs in.
    if (stale.length > 0)
      await session.call('secretRemove', { context: session.context, names: stale })
    session.show(result)
  },
}

export const registryList: Command = {
  name: 'registry list',
  also: ['registry ls'],
  summary: 'List the container registries whose credentials are stored',
  examples: [{ line: 'coffer registry list --org acme --project web', text: '' }],
  stdout: 'table of host, helper, name',
  exits: ['not-found', 'locked', 'stale'],
  async run(_call, session) {
    const { secrets } = await readMany(session, { prefix: FOLDER })
    const hosts = new Map<string, Map<string, Buffer>>()
    for (const { name, bytes } of secrets) {
      const [host, field, more] = name.slice(FOLDER.length + 1).split('/')
      if (host === undefined || field === undefined || more !== undefined) continue
      hosts.set(host, (hosts.get(host) ?? new Map<string, Buffer>()).set(field, bytes))
    }
    const registries = [...hosts].map(([host, fields]) => ({ host, ...loginOf(fields) }))
    const rows = registries.map(({ host, helper, login }) => [host, helper, login])
    session.show(
      { registries },
      columns([['Registry', 'Cred Helper', 'Username/Access ID'], ...rows]),
    )
  },
}

export const registryRemove: Command = {
  name: 'registry remove',
  also: ['registry rm'],
  summary: "Delete a container registry's credentials",
  args: [{ name: 'HOST', required: false }],
  examples: [{ line: 'coffer registry remove ghcr.io', text: '' }],
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const host = hostOf(call)
    const names = await namesOf(session, `${FOLDER}/${host}`)
    if (names.length === 0) {
      throw new CofferError('not-found', `there are no credentials for ${host}`, {
        reason: 'no-registry',
        next: 'see coffer registry list',
      })
    }
    session.show(await session.call('secretRemove', { context: session.context, names }))
  },
}

const FIELDS: { readonly [H in Helper]: (call: Call, session: Session) => Promise<Field[]> } = {
  none: async (call, session) => [
    { name: 'username', value: Buffer.from(required(call, 'username')) },
    { name: 'password', value: await passwordOf(call, session) },
  ],
  'ecr-login': async (call, session) => [
    { name: 'AWS_ACCESS_KEY_ID', value: Buffer.from(required(call, 'aws-access-key-id')) },
    {
      name: 'AWS_SECRET_ACCESS_KEY',
      value: await hidden(call, session, 'aws-secret-access-key', 'AWS secret access key: '),
    },
  ],
  gcloud: async (call, session) => {
    const path = call.text('gcp-service-account-key-path')
    if (path !== undefined && call.flag('gcp-service-account-key-stdin')) {
      throw exclude('--gcp-service-account-key-path and --gcp-service-account-key-stdin')
    }
    const key =
      path === undefined
        ? await hidden(call, session, 'gcp-service-account-key', 'service account key: ')
        : readPath(session.path(path), LIMITS.value)
    return [{ name: 'GCP_KEY', value: checkSize(key) }]
  },
}

function passwordOf(call: Call, session: Session): Promise<Uint8Array> {
  return hidden(call, session, 'password', 'password: ')
}

/** What `--OPTION`, `--OPTION-stdin` or a hidden prompt gives, not empty. */
async function hidden(
  call: Call,
  session: Session,
  option: string,
  question: string,
): Promise<Uint8Array> {
  const typed = call.text(option)
  const piped = call.flag(`${option}-stdin`)
  if (typed !== undefined && piped) throw exclude(`--${option} and --${option}-stdin`)
  if (typed !== undefined) {
    const message = `shell history and the process list have seen it; give it with --${option}-stdin`
    session.warn([{ code: 'value-on-command-line', message }])
    return checkSize(Buffer.from(typed))
  }
  if (!piped && session.io.inputKind() !== 'terminal') {
    throw new CofferError('usage', `there is no ${question.replace(/: $/, '')}`, {
      reason: 'no-input',
      next: `pipe it in with --${option}-stdin`,
    })
  }
  if (!piped) return checkSize(await askHidden(session.io, question))
  const bytes = Buffer.from(await session.io.input(LIMITS.value))
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0
  return checkSize(bytes.subarray(0, bytes.length - end))
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LIMITS.value) {
    throw new CofferError('limit', `a value has at most ${LIMITS.value} bytes`)
  }
  if (bytes.length > 0) return bytes
  throw new CofferError('usage', 'the credential is empty', { reason: 'empty-value' })
}

function required(call: Call, option: string): string {
  const value = call.text(option)
  if (value !== undefined && value !== '') return value
  throw new CofferError('usage', `--${option} is missing`, { reason: 'missing-option' })
}

function exclude(options: string): CofferError {
  return new CofferError('usage', `${options} exclude each other`, { reason: 'two-sources' })
}

function hostOf(call: Call): string {
  const host = call.args[0] ?? DOCKER_HUB
  if (/^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?$/.test(host)) return host
  throw new CofferError('usage', 'HOST is the name of a registry, without https:// or a path', {
    reason: 'bad-host',
  })
}

function helperOf(call: Call): Helper {
  const typed = call.text('cred-helper') ?? 'none'
  const helper = HELPERS.find((one) => one === typed)
  if (helper !== undefined) return helper
  throw new CofferError('usage', `--cred-helper takes ${HELPERS.join(', ')}`, {
    reason: 'bad-helper',
  })
}

async function namesOf(session: Session, prefix: string): Promise<string[]> {
  const { secrets } = await session.call('secretList', { context: session.context, prefix })
  return secrets.map(({ name }) => name)
}

function loginOf(fields: ReadonlyMap<string, Buffer>): { helper: string; login: string } {
  const text = (field: string): string => fields.get(field)?.toString() ?? ''
  const helper = text('cred_helper')
  if (helper === '') return { helper: 'none', login: text('username') }
  if (helper === 'ecr-login') return { helper, login: text('AWS_ACCESS_KEY_ID') }
  return { helper, login: helper === 'gcloud' ? clientEmail(fields.get('GCP_KEY')) : '' }
}

/** The address in a service account's key; '' where there is none to read. */
function clientEmail(key: Buffer | undefined): string {
  try {
    const parsed: unknown = JSON.parse(fromUtf8(new Uint8Array(key ?? [])) ?? '')
    return isObject(parsed) && typeof parsed['client_email'] === 'string'
      ? parsed['client_email']
      : ''
  } catch {
    return ''
  }
}
