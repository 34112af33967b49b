import { parseArgs, type ParseArgsConfig } from 'node:util'
import { CofferError } from '../shared/errors.js'
import { MAX_ORIGIN, originOf } from '../shared/protocol/relay-handshake.js'
import { REGISTRATION, type Registration } from '../shared/protocol/relay.js'
import type { Level } from './log.js'

export type Config = {
  readonly host: string
  readonly port: number
  readonly data: string
  /** Paths of PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly behindProxy: boolean
  readonly origins: readonly string[]
  readonly registration: Registration
  readonly registrationFile: string | undefined
  /** Bytes of a new vault. */
  readonly quota: number
  readonly maxConnections: number
  /** Requests a second and connection, sustained. */
  readonly rate: number
  /** Whether entries that two checkpoints leave out are removed. */
  readonly prune: boolean
  /** Path of the key that wraps what is stored. */
  readonly atRestKey: string | undefined
  readonly restored: boolean
  readonly verify: boolean
  readonly json: boolean
  readonly logLevel: Level
}

export const HELP = `coffer-relay: passes encrypted changes between devices, and can read none of them

Usage: coffer-relay --listen HOST:PORT --data DIR [options]

  --listen HOST:PORT        where to listen; port 0 takes a free one
  --data DIR                where the logs and the relay's key are kept (0700; made when missing)
  --tls-cert FILE           certificate chain, PEM; with --tls-key the relay speaks wss itself
  --tls-key FILE            its private key, PEM
  --behind-proxy            plain ws on any address: a proxy in front speaks TLS
  --origin URL              what clients dial, e.g. wss://relay.example:443; may be given again
                            (default: what the Host header says)
  --registration MODE       who may make a vault: open, token or closed
                            (default: open on loopback without a proxy, else token)
  --registration-file FILE  tokens, one a line; read anew at each use
  --quota BYTES             room of a new vault; K, M and G are understood (default 256M)
  --at-rest-key FILE        wrap what is stored with the key in FILE's first line (0600), for a
                            disk that is lost; from the first start on, and at each (default: off)
  --prune                   remove old versions that two checkpoints leave out, for good (default: keep all)
  --max-connections N       WebSocket connections (default 10000)
  --rate N                  requests a second and connection, sustained (default 500)
  --restored                DIR was put back from a backup: tell the devices, once
  --verify                  read the whole store at start (done anyway up to 256 MiB)
  --log-level LEVEL         debug, info, warn or error (default info); JSON lines on stderr
  --json                    print the ready line as {"url": …, "key": …}
  --version, --help

Pages on the same port: /livez, /readyz, /metrics. SIGTERM drains and ends.
Exit codes: 0 drained, 2 usage, 22 at-rest key missing or wrong, 31 data folder or address unusable, 1 anything else.

Examples:
  coffer-relay --listen 127.0.0.1:7420 --data ~/.local/share/coffer-relay
  coffer-relay --listen 0.0.0.0:443 --data /var/lib/coffer-relay \\
    --tls-cert fullchain.pem --tls-key privkey.pem --registration-file tokens.txt
  coffer-relay --listen 10.0.0.5:7420 --data /var/lib/coffer-relay --behind-proxy \\
    --origin wss://relay.example:443 --registration closed
`

const OPTIONS = {
  listen: { type: 'string' },
  data: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'behind-proxy': { type: 'boolean' },
  origin: { type: 'string', multiple: true },
  registration: { type: 'string' },
  'registration-file': { type: 'string' },
  quota: { type: 'string' },
  'max-connections': { type: 'string' },
  rate: { type: 'string' },
  'at-rest-key': { type: 'string' },
  prune: { type: 'boolean' },
  restored: { type: 'boolean' },
  verify: { type: 'boolean' },
  'log-level': { type: 'string' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

function usage(what: string): never {
  throw new CofferError('usage', what, { reason: 'usage', next: 'see coffer-relay --help' })
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values
  } catch (error) {
    // Node's message names the flag; it ends with advice on positionals that doesn't fit here.
    return usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'bad arguments')
  }
}

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function parseListen(text: string | undefined): { host: string; port: number } {
  const found = /^(\[([0-9a-fA-F:.]+)\]|[^:[\]\s]+):(\d{1,5})$/.exec(text ?? '')
  const host = found?.[2] ?? found?.[1]
  const port = Number(found?.[3])
  if (host === undefined || port > 65_535) return usage('--listen HOST:PORT is needed')
  return { host, port }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

function parseBytes(flag: string, text: string, least: number): number {
  const found = /^(\d{1,12})([KMG]?)$/.exec(text)
  const bytes = Number(found?.[1]) * (UNITS[found?.[2] ?? ''] ?? Number.NaN)
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    return usage(`--${flag} wants a number of bytes, at least ${least}`)
  }
  return bytes
}

function parseCount(flag: string, text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0
  return count > 0 ? count : usage(`--${flag} wants a number above 0`)
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const bare = url && ['ws:', 'wss:'].includes(url.protocol) && /^\/?$/.test(url.pathname)
  if (!bare || text.length > MAX_ORIGIN) return usage('--origin wants ws(s)://HOST[:PORT]')
  return originOf(url)
}

function word<const T extends string>(flag: string, words: readonly T[], text: string): T {
  return words.find((one) => one === text) ?? usage(`--${flag} is one of: ${words.join(', ')}`)
}

type Flags = ReturnType<typeof parse>

function parseTls(flags: Flags): Config['tls'] {
  const cert = flags['tls-cert']
  const key = flags['tls-key']
  if (cert !== undefined && key !== undefined) return { cert, key }
  if (cert === key) return undefined
  return usage('--tls-cert and --tls-key go together')
}

function parseRegistration(flags: Flags, preset: Registration): Registration {
  const mode = word('registration', REGISTRATION, flags.registration ?? preset)
  if (mode === 'token' && flags['registration-file'] === undefined) {
    return usage('--registration token needs --registration-file')
  }
  return mode
}

function parseSwitches({
  prune = false,
  restored = false,
  verify = false,
  json = false,
}: Flags): Pick<Config, 'prune' | 'restored' | 'verify' | 'json'> {
  return { prune, restored, verify, json }
}

/** Least quota: a vault must hold its chain and a transaction. */
const LEAST_QUOTA = 2 ** 16

/**
 * The configuration that `args` (without program and script) say; `help` and `version` when asked for.
 * @throws CofferError `usage`
 */
export function parseConfig(args: readonly string[]): Config | 'help' | 'version' {
  const flags = parse(args)
  if (flags.help === true) return 'help'
  if (flags.version === true) return 'version'
  const { host, port } = parseListen(flags.listen)
  const data = flags.data ?? ''
  if (data === '') return usage('--data DIR is needed')
  const behindProxy = flags['behind-proxy'] ?? false
  const tls = parseTls(flags)
  if (!isLoopback(host) && tls === undefined && !behindProxy) {
    return usage(`plain ws on ${host} would be seen by others: give --tls-cert, or --behind-proxy`)
  }
  const registrationFile = flags['registration-file']
  const open = isLoopback(host) && !behindProxy && registrationFile === undefined
  return {
    host,
    port,
    data,
    tls,
    behindProxy,
    origins: (flags.origin ?? []).map(parseOrigin),
    registration: parseRegistration(flags, open ? 'open' : 'token'),
    registrationFile,
    atRestKey: flags['at-rest-key'],
    quota: parseBytes('quota', flags.quota ?? '256M', LEAST_QUOTA),
    maxConnections: parseCount('max-connections', flags['max-connections'] ?? '10000'),
    rate: parseCount('rate', flags.rate ?? '500'),
    ...parseSwitches(flags),
    logLevel: word('log-level', ['debug', 'info', 'warn', 'error'], flags['log-level'] ?? 'info'),
  }
}
