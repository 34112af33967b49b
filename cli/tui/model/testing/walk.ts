import type { Method, Result } from '../../../../shared/protocol/local.js'
import type { Calling, ScreenEvent } from '../event.js'
import type { Request } from '../effect.js'
import type { State } from '../state.js'
import { update } from '../update.js'
import { aSibling, b64, MINE, THEIRS, TWO } from './conflicts.js'
import { aState, aStatus, keyOf, NOON } from './world.js'

// Somebody at the keyboard, and a daemon that answers in any order or refuses: one step after the other.

export type Move =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'paste' | 'edited'; readonly text: string }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'answer' | 'fail'; readonly which: number }
  | { readonly kind: 'tick' | 'hidden' | 'changed' | 'gone' | 'connected' | 'sync' }
  | { readonly kind: 'state'; readonly state: 'locked' | 'unlocked' }

/** What hostile and careless people call things. */
export const NAMES = [
  'A',
  'db/PASSWORD',
  'db/USER',
  `wide/${'漢字'.repeat(40)}`,
  'e\u0301\u{1f469}\u200d\u{1f4bb}',
  '\u001b[31mred\u202e',
  'x'.repeat(200),
] as const

export const VALUE = 'a value that nobody else shall see'
const VAULT = { vaultId: 'w', kind: 'project', org: 'acme', project: 'web' } as const
const AUTHOR = { deviceId: 'd1'.repeat(32), user: NAMES[5], device: NAMES[3], self: false } as const
const VERSION = { id: 'ab'.repeat(32), number: 1 } as const

const secrets: Result<'secretList'>['secrets'] = NAMES.map((name, i) => ({
  name,
  version: VERSION,
  at: NOON - i * 50_000,
  author: AUTHOR,
  conflict: i === 0,
  queued: i === 1,
  ...(i === 2 ? { sealed: true } : {}),
}))

const ANSWERS: { readonly [M in Method]?: Result<M> } = {
  orgList: {
    orgs: [NAMES[3], 'acme'].map((name) => ({
      vaultId: 'o',
      name,
      selected: false,
      role: 'owner',
      queued: 0,
    })),
  },
  projectList: {
    org: 'acme',
    projects: ['web', NAMES[5]].map((name) => ({
      vaultId: 'w',
      name,
      selected: false,
      role: 'writer',
      queued: 2,
    })),
  },
  alarmsList: { alarms: [] },
  secretList: { vault: VAULT, loading: false, secrets, warnings: [] },
  secretGet: {
    reference: '/user/A',
    value: b64(`${VALUE}\n${NAMES.join('\n')}`),
    version: VERSION,
    at: NOON,
    author: AUTHOR,
    warnings: [],
  },
  secretHistory: { reference: '/user/A', versions: [], warnings: [] },
  conflictsList: {
    conflicts: [
      TWO,
      { reference: `/user/${NAMES[3]}`, siblings: [aSibling('cc', { author: AUTHOR }), THEIRS] },
      {
        reference: '/user/A',
        siblings: [MINE, ...Array.from({ length: 11 }, (_, i) => aSibling(`${i + 10}`))],
      },
    ],
  },
  secretSetMany: { vault: VAULT, created: [], changed: [], unchanged: [], warnings: [] },
  secretRemove: { references: [], warnings: [] },
  lock: { already: false },
}

export class Walk {
  state: State = aState()
  #pending: readonly Request[] = []
  #isLocked = false

  constructor() {
    this.#take({ kind: 'started' })
  }

  #take(event: Parameters<typeof update>[1]): void {
    const { state, requests } = update(this.state, event)
    this.state = state
    this.#pending = [
      ...this.#pending,
      ...requests.filter(({ effect }) => isAnswered(effect.kind)),
    ].slice(-50)
  }

  go(move: Move): this {
    const { world } = this.state
    switch (move.kind) {
      case 'key':
        this.#take({ kind: 'key', key: keyOf(move.name) })
        return this
      case 'paste':
        this.#take({ kind: 'paste', text: move.text })
        return this
      case 'resized':
        this.#take(move)
        return this
      case 'hidden':
        this.#take({ kind: 'hidden' })
        return this
      case 'answer':
      case 'fail':
        this.#settle(move.which, move.kind === 'fail', '')
        return this
      case 'edited':
        this.#settle(
          this.#pending.findIndex(({ effect }) => effect.kind === 'edit'),
          false,
          move.text,
        )
        return this
      case 'tick':
        this.#take({ kind: 'tick', now: world.now + 3000 })
        return this
      case 'changed':
        this.#take({ kind: 'changed', vault: VAULT, names: ['A'] })
        return this
      case 'gone':
      case 'connected':
        this.#take({ kind: 'daemon', state: move.kind })
        return this
      case 'sync':
        this.#take({
          kind: 'sync-status',
          sync: { relay: null, otherRelays: [], queued: 12345, conflicts: 3 },
        })
        return this
      case 'state':
        this.#isLocked = move.state === 'locked'
        this.#take(move)
    }
    return this
  }

  /** Everything that waits is answered, and what that asks for, too; the newest first. */
  drain(): this {
    for (let i = 0; i < 1000 && this.#pending.length > 0; i++) {
      this.go({ kind: 'answer', which: this.#pending.length - 1 })
    }
    return this
  }

  /** One of those that wait is told how it went. */
  #settle(which: number, isFailure: boolean, text: string): void {
    const at = which % Math.max(1, this.#pending.length)
    const request = this.#pending[at]
    if (request === undefined) return
    this.#pending = this.#pending.toSpliced(at, 1)
    const event = this.#eventOf(request, isFailure, text)
    this.#take({ kind: 'to', owner: request.owner, event })
  }

  #eventOf({ effect }: Request, isFailure: boolean, text: string): ScreenEvent {
    if (effect.kind === 'timer') return { kind: 'timer', tag: effect.tag }
    if (effect.kind === 'edit')
      return { kind: 'edited', tag: effect.tag, text: text === '' ? undefined : text }
    if (effect.kind !== 'call') return { kind: 'timer', tag: 'none' }
    return (isFailure ? undefined : this.#answerOf(effect)) ?? failureOf(effect)
  }

  #answerOf({ method, tag }: Calling): ScreenEvent | undefined {
    const status = aStatus({ state: this.#isLocked ? 'locked' : 'unlocked' })
    const result = method === 'status' ? status : ANSWERS[method]
    // One of the union's members for each method: the compiler doesn't follow that through the lookup.
    return result && ({ kind: 'answered', method, tag, result } as ScreenEvent)
  }
}

function isAnswered(kind: string): boolean {
  return kind === 'call' || kind === 'timer' || kind === 'edit'
}

function failureOf({ method, tag }: Calling): ScreenEvent {
  const failure = {
    code: 'unreachable',
    reason: 'test',
    message: `it went ${NAMES[5]} ${'very '.repeat(60)}wrong`,
    next: `try ${NAMES[3]}`,
  } as const
  return { kind: 'failed', method, tag, failure }
}
