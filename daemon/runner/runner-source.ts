import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { displayText, jsonText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { METHODS, type Params, type Result } from '../../shared/protocol/local.js'
import type { Context, Demands } from '../../shared/protocol/local-common.js'
import type { Request } from '../../shared/protocol/local-wire.js'
import type { PlainAnswer, PlainRequest } from '../../shared/protocol/plain.js'
import type { Schema } from '../../shared/protocol/schema.js'
import { systemWords } from '../../shared/system-error.js'
import { answerPlain } from '../core/plain/answer.js'
import { parsePlain } from '../core/plain/parse.js'
import type { Identity } from '../core/vault/chain.js'
import { parseLock } from '../core/vault/lock-file.js'
import { isOffline } from '../core/vault/selection.js'
import { identityOfToken, parseToken, type Token } from '../core/vault/token.js'
import { findLock } from '../service/trust/lock-search.js'
import type { SyncManager } from '../sync/api.js'
import { readBundle } from './runner-bundle.js'
import { runnerMethods, type RunnerMethods } from './runner-secrets.js'
import { MAX_AGE, readVault, type RunnerVault } from './runner-vault.js'

// What a runner's token opens, for as many requests as its command has: read from the relay once.

type Asked = Demands & { readonly context: Context }
type Checked = Pick<Parameters<typeof readVault>[0], 'maxAge' | 'lock'>
type Opened = {
  readonly key: string
  readonly sync: SyncManager | undefined
  readonly vault: Promise<RunnerVault>
}
type Method = keyof RunnerMethods
type Specs = { readonly [M in Method]: { readonly params: Schema<Params<M>> } }
type Callable = { readonly [M in Method]: (params: Params<M>) => Promise<Result<M>> }

const SPECS: Specs = METHODS

export class Source {
  readonly #given: string
  readonly #bundle: string | undefined
  readonly #syncAs: (identity: Identity) => SyncManager
  readonly #opened: Opened[] = []

  /**
   * @param given the token, unchecked
   * @param bundle the file that is read in the relay's place, absolute
   */
  constructor(
    given: string,
    bundle: string | undefined,
    syncAs: (identity: Identity) => SyncManager,
  ) {
    this.#given = given
    this.#bundle = bundle
    this.#syncAs = syncAs
  }

  /** Answers get, ls and run. @throws CofferError what the token, the relay or the demands say */
  async plain(request: PlainRequest): Promise<PlainAnswer> {
    const command = parsePlain(request)
    return answerPlain(command, await this.#methods(command.params))
  }

  /** Answers the methods that read secrets. @throws CofferError `refused` (reason `runner`) for any other */
  async answer({ method, params }: Request): Promise<object> {
    switch (method) {
      case 'secretGet':
      case 'secretList':
      case 'secretEnvironment':
      case 'secretReadMany':
        return this.#call(method, params)
      default:
        throw new CofferError(
          'refused',
          'a token opens what it was granted, and does nothing else',
          {
            reason: 'runner',
            next: 'unset COFFER_TOKEN_FILE and COFFER_TOKEN to use your own home',
          },
        )
    }
  }

  async close(): Promise<void> {
    for (const { sync } of this.#opened) await sync?.close()
  }

  async #call<M extends Method>(method: M, raw: unknown): Promise<Result<M>> {
    const params = SPECS[method].params.check(raw, 'params')
    const methods: Callable = await this.#methods(params)
    return methods[method](params)
  }

  async #methods(asked: Asked): Promise<RunnerMethods> {
    if (this.#bundle === undefined && isOffline(asked.context)) throw offline()
    const checked = this.#bundle === undefined ? await demandsOf(asked) : bundleDemands(asked)
    const key = jsonText(checked)
    const opened = this.#opened.find((one) => one.key === key) ?? this.#open(key, checked)
    return runnerMethods(await opened.vault, Date.now)
  }

  #open(key: string, checked: Checked): Opened {
    const token = parseToken(this.#given)
    if (this.#bundle !== undefined) {
      const vault = fromBundle(token, this.#bundle, checked.maxAge)
      const opened = { key, sync: undefined, vault }
      this.#opened.push(opened)
      return opened
    }
    const sync = this.#syncAs(identityOfToken(token))
    const opened = { key, sync, vault: readVault({ token, sync, now: Date.now, ...checked }) }
    this.#opened.push(opened)
    return opened
  }
}

/**
 * What the caller demands: an age, or the lock file at or above its folder, or else that a member's word is at most a day
 * old.
 * @throws CofferError `refused` (reason `no-lock`), `format`
 */
async function demandsOf({ context, maxAge, lock }: Asked): Promise<Checked> {
  if (lock === undefined) return { maxAge: maxAge ?? MAX_AGE }
  const found = await findLock(context.cwd)
  if (found !== undefined) return { maxAge, lock: parseLock(found.content) }
  throw new CofferError('refused', 'there is no .coffer/lock here or above', {
    reason: 'no-lock',
    next: 'make one: coffer lock-file update',
  })
}

function offline(): CofferError {
  return new CofferError('stale', 'a runner keeps nothing, and reads all from its relay', {
    reason: 'offline',
    next: 'leave --offline and COFFER_OFFLINE out',
  })
}

/** What may be demanded of a bundle: its age. @throws CofferError `usage` (reason `bundle`) for what only a relay tells */
function bundleDemands({ maxAge, fresh, lock }: Asked): Checked {
  if (fresh !== true && lock === undefined) return { maxAge }
  throw new CofferError(
    'usage',
    'a bundle is as old as it is: --fresh and --require-lock need a relay',
    {
      reason: 'bundle',
      next: 'ask for its age: --max-age 24h',
    },
  )
}

async function fromBundle(
  token: Token,
  path: string,
  maxAge: number | undefined,
): Promise<RunnerVault> {
  return readBundle({ token, file: await readBundleFile(path), now: Date.now, maxAge })
}

/** @throws CofferError `usage` (reason `unreadable`), `limit` (reason `bundle`), `storage` */
async function readBundleFile(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await handle.stat()
      if (!stat.isFile()) throw unreadable(path, 'it is no regular file')
      if (stat.size > LIMITS.bundle) throw unreadable(path, 'it is too large for one')
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw error instanceof CofferError ? error : unreadable(path, systemWords(error), error)
  }
}

function unreadable(path: string, why: string, cause?: unknown): CofferError {
  return new CofferError('usage', `can't read the bundle ${displayText(path)}: ${why}`, {
    reason: 'unreadable',
    next: 'name a file that coffer bundle create made',
    ...(cause === undefined ? {} : { cause }),
  })
}
