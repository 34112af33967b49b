import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { LIMITS } from '../../../../shared/limits.js'
import { call } from '../effect.js'
import type { Failure, ScreenEvent } from '../event.js'
import { EMPTY_FIELD, insert, typeInto, type TextField } from '../text-field.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

// A locked home: the passphrase that opens it, or a word on the key file that does.

export type UnlockState = {
  readonly name: 'unlock'
  readonly field: TextField
  /** The key is being derived: it takes a second or two, on purpose. */
  readonly deriving: boolean
  readonly problem: string | undefined
}

type S = UnlockState

export function openUnlock(_world: World): Turn<S> {
  return turn({ name: 'unlock', field: EMPTY_FIELD, deriving: false, problem: undefined })
}

/** Whether a file opens this home, and nothing has to be typed. */
export function byKeyFile({ status }: World): boolean {
  return status?.opener === 'key-file'
}

const asks = (screen: S, world: World): boolean => !screen.deriving && !byKeyFile(world)

function entered(screen: S, world: World): Turn<S> {
  const sent = { field: EMPTY_FIELD, deriving: true, problem: undefined }
  if (byKeyFile(world)) return turn({ ...screen, ...sent }, call('unlock', {}))
  const passphrase = utf8(screen.field.text)
  if (passphrase.length === 0) return turn({ ...screen, problem: 'type the passphrase first' })
  if (passphrase.length > LIMITS.passphrase) {
    const problem = `a passphrase has at most ${LIMITS.passphrase} bytes`
    return turn({ ...screen, field: EMPTY_FIELD, problem })
  }
  const open = { kind: 'passphrase', passphrase: toBase64(passphrase) } as const
  // From here on it isn't in the state any more, whatever comes of it.
  return turn({ ...screen, ...sent }, call('unlock', { open }))
}

function refusal({ code, reason, message, next }: Failure): string {
  if (code === 'cannot-decrypt' && reason === 'wrong-passphrase') {
    return 'that is not the passphrase: try again'
  }
  return next === '' ? message : `${message}: ${next}`
}

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'key': {
      const field = asks(screen, world) ? typeInto(screen.field, event.key) : undefined
      return turn(field === undefined ? screen : { ...screen, field, problem: undefined })
    }
    case 'paste': {
      if (!asks(screen, world)) return turn(screen)
      // The line's end that was copied with it is none of the passphrase.
      const field = insert(screen.field, event.text.replace(/[\r\n]+$/, ''))
      return turn({ ...screen, field, problem: undefined })
    }
    case 'answered':
      // The daemon tells everybody that the home is open; asking again is for when that is lost.
      return turn({ ...screen, deriving: false }, { kind: 'refresh' })
    case 'failed':
      return turn({ ...screen, deriving: false, problem: refusal(event.failure) })
    case 'hidden':
      return turn({ ...screen, field: EMPTY_FIELD })
    default:
      return turn(screen)
  }
}

export const unlockScreen: ScreenSpec<S> = {
  title: () => 'locked',
  // Also while the key is being derived: what is typed then is no command.
  typing: (_screen, world) => !byKeyFile(world),
  bindings: [
    {
      keys: ['enter'],
      label: 'unlock',
      help: 'open the home',
      whileTyping: true,
      when: ({ deriving }) => !deriving,
      run: entered,
    },
    {
      keys: ['ctrl-u'],
      label: 'clear',
      help: 'take away what was typed',
      whileTyping: true,
      when: ({ field }) => field.text !== '',
      run: (screen) => turn({ ...screen, field: EMPTY_FIELD }),
    },
    {
      keys: ['ctrl-c'],
      label: 'quit',
      help: 'leave',
      whileTyping: true,
      run: (screen) => turn(screen, { kind: 'exit' }),
    },
  ],
  update,
}
