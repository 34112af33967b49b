import { CofferError } from '../../shared/errors.js'
import type { HomeState } from '../../shared/protocol/local-common.js'
import type { Secret } from '../../shared/redacted.js'
import { noHome } from '../../shared/protocol/socket-path.js'
import { deriveLocalKeys, wipeLocalKeys } from '../core/crypto/passphrase.js'
import { readConfig } from '../home/config.js'
import { readPrivate, removeFile, writeAtomic } from '../home/files.js'
import {
  clearUnfinished,
  finishHome,
  hasHome,
  openHome,
  prepareHome,
  type Home,
} from '../home/home.js'
import { deviceOf, readDevice, writeDevice } from './device.js'
import type { AccessParts, Guarded, NewHome, Unlocked } from './access-parts.js'
import {
  changeOpener,
  createKeystore,
  openerKind,
  openKeystore,
  type Opener,
  type OpenerKind,
} from './keystore.js'

type Open = Unlocked & { readonly root: Secret }

const MARK_RULE = { maxBytes: 16 }
const MINUTE = 60_000

/**
 * Whether there is a home, and whether it is open. Changes run one after another; `state` is right at every moment,
 * so that a request after `lock` began is refused.
 */
export class Access {
  readonly #parts: AccessParts
  #home: Home | undefined
  #open: Open | undefined
  #tail: Promise<unknown> = Promise.resolve()
  #lastUse = 0
  #stopIdle: () => void = () => undefined
  #guarded: Guarded | undefined
  #problem: CofferError | undefined
  #watchers: ((state: HomeState) => void)[] = []

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  get state(): HomeState {
    if (this.#home === undefined) return 'none'
    return this.#open === undefined ? 'locked' : 'unlocked'
  }

  get path(): string {
    return this.#parts.path
  }

  /** What opens the home, null without one. @throws CofferError when the keystore can't be read. */
  get openerKind(): OpenerKind | null {
    return this.#home === undefined ? null : openerKind(this.#home)
  }

  /** The home. @throws CofferError `home` (reason `no-home`). */
  get home(): Home {
    if (this.#home === undefined) {
      throw noHome(this.path)
    }
    return this.#home
  }

  /** The open home. @throws CofferError `home`, `locked`, or what kept its key file from opening it. */
  get unlocked(): Unlocked {
    const { home } = this
    if (this.#open !== undefined) return this.#open
    if (this.#problem !== undefined) throw this.#problem
    throw new CofferError('locked', `the home at ${home.path} is locked`, {
      reason: 'locked',
      next: 'run coffer unlock',
    })
  }

  /** Names what opens and closes with the home; once, before `start`. */
  guard(guarded: Guarded): void {
    this.#guarded = guarded
  }

  /** Calls `watcher` after every change of `state`. */
  watch(watcher: (state: HomeState) => void): void {
    this.#watchers.push(watcher)
  }

  /**
   * Looks for a home, once, at the daemon's start; opens it with the root of a predecessor, or by its key file unless a
   * `lock` holds. Resolves with what kept a key file from opening it: the home then stays locked.
   * @throws CofferError `home` and others of `openHome`.
   */
  start(handed?: Secret): Promise<CofferError | undefined> {
    return this.#inTurn(async () => {
      const { path, uid, tools } = this.#parts
      if (!hasHome(path, uid)) return undefined
      const home = openHome(path, uid)
      this.#home = home
      try {
        if (handed !== undefined) await this.#adopt(home, handed)
        else if (openerKind(home) === 'key-file' && !this.#marked(home)) {
          await this.#adopt(home, await openKeystore(home, undefined, tools))
        }
        return undefined
      } catch (error) {
        if (!(error instanceof CofferError)) throw error
        this.#problem = error
        return error
      }
    })
  }

  /**
   * Makes the home. `make` runs on the open, still unfinished home (it founds the user vault); only when it has
   * resolved is this a home, also after a crash.
   * @throws CofferError `exists`, and others of `createKeystore` and `make`; then there is no home.
   */
  create<T>(fresh: NewHome, make: (unlocked: Unlocked) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const { path, uid, tools } = this.#parts
      if (this.#home !== undefined || hasHome(path, uid)) {
        throw new CofferError('exists', `there is a coffer home at ${path} already`, {
          reason: 'home-exists',
          next: 'see coffer status',
        })
      }
      const home = prepareHome(path, uid)
      clearUnfinished(home)
      const minutes = readConfig(home).autoLock
      const root = await createKeystore(home, fresh.opener, fresh.memory, tools)
      const keys = deriveLocalKeys(root)
      writeDevice(home, keys, fresh.record, tools.random)
      const open = { home, keys, device: deviceOf(fresh.record), root }
      try {
        await this.#guarded?.open(open)
        const made = await make(open)
        finishHome(home)
        this.#home = home
        this.#become(open, minutes)
        return made
      } catch (error) {
        await this.#discard(open)
        if (fresh.opener.kind === 'key-file') removeFile(fresh.opener.path)
        throw error
      }
    })
  }

  /** Opens the home; true when it was open already. @throws CofferError as `openKeystore`, `home`. */
  unlock(opener?: Opener): Promise<boolean> {
    return this.#inTurn(async () => {
      const { home } = this
      if (this.#open !== undefined) return true
      await this.#adopt(home, await openKeystore(home, opener, this.#parts.tools))
      removeFile(home.file('locked'))
      return false
    })
  }

  /** Forgets the keys, and stays so over a restart until `unlock`; true when it was locked already. */
  lock(): Promise<boolean> {
    return this.#inTurn(async () => {
      const { home } = this
      const already = this.#open === undefined
      await this.#forget()
      this.#problem = undefined
      writeAtomic(home.file('locked'), new Uint8Array(0))
      return already
    })
  }

  /** Wraps the root for another opener. @throws CofferError as `changeOpener`. */
  change(current: Opener, next: Opener, memory?: number): Promise<void> {
    return this.#inTurn(() => changeOpener(this.home, current, next, memory, this.#parts.tools))
  }

  /** Lends the local root, undefined when locked, for a handover. */
  withRoot<T>(use: (root: Secret | undefined) => T): T {
    return use(this.#open?.root)
  }

  /** Closes for the end of the daemon, without a mark. */
  end(): Promise<void> {
    return this.#inTurn(() => this.#forget())
  }

  /** Notes a use of the open home: the idle time begins anew. */
  touch(): void {
    this.#lastUse = this.#parts.now()
  }

  /** Reads the configuration again (idle time). @throws CofferError `format` for a bad one; the old one then holds. */
  reload(): void {
    if (this.#open !== undefined) this.#watchIdle(readConfig(this.#open.home).autoLock)
  }

  async #adopt(home: Home, root: Secret): Promise<void> {
    const minutes = readConfig(home).autoLock
    const keys = deriveLocalKeys(root)
    const open = { home, keys, device: deviceOf(readDevice(home, keys)), root }
    try {
      await this.#guarded?.open(open)
    } catch (error) {
      await this.#discard(open)
      throw error
    }
    this.#become(open, minutes)
  }

  #become(open: Open, minutes: number | undefined): void {
    this.#open = open
    this.#problem = undefined
    this.touch()
    this.#watchIdle(minutes)
    this.#tell()
  }

  async #forget(): Promise<void> {
    const open = this.#open
    if (open === undefined) return
    this.#stopIdle()
    this.#open = undefined
    this.#tell()
    await this.#discard(open)
  }

  async #discard({ keys, root, device }: Open): Promise<void> {
    try {
      await this.#guarded?.close()
    } finally {
      wipeLocalKeys(keys)
      root.wipe()
      device.sign.privateKey.fill(0)
      device.box.privateKey.fill(0)
    }
  }

  #marked(home: Home): boolean {
    return readPrivate(home.file('locked'), { ...MARK_RULE, uid: home.uid }) !== undefined
  }

  #watchIdle(minutes: number | undefined): void {
    this.#stopIdle()
    if (minutes === undefined) return
    const wait = (ms: number): void => {
      this.#stopIdle = this.#parts.after(ms, () => {
        const left = this.#lastUse + minutes * MINUTE - this.#parts.now()
        if (left > 0) wait(left)
        // A mark that can't be written doesn't keep it from locking; nobody waits for the answer.
        else this.lock().catch(() => undefined)
      })
    }
    wait(minutes * MINUTE)
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher(this.state)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}
