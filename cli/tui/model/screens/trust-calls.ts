import { confirmation, field, form, text, type Dialog, type Field, type Values } from '../dialog.js'
import { ask, call, complain, note, type Effect } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import { absolute } from '../path.js'
import { contextOf } from '../place.js'
import { fieldOf } from '../text-field.js'
import { turn, type Turn } from '../turn.js'
import { vaultContext, vaultLabel } from '../vault.js'
import { unread, type World } from '../world.js'
import { chosenRow, type TrustState } from './trust-rows.js'
import { alarmText, auditText, doctorText, vaultText, verifiedText } from './trust-texts.js'

// What the screen of trust asks of the daemon, and what becomes of the answers.

type S = TrustState

/** How long a sync is waited for, in milliseconds. */
const TIMEOUT = 30_000
/** How many entries of a vault's record are shown. */
const ENTRIES = 50

const at = (screen: S, busy: string, effect: Effect): Turn<S> => turn({ ...screen, busy }, effect)

export function syncing(screen: S, { cwd }: World): Turn<S> {
  const params = { context: contextOf(cwd), timeout: TIMEOUT }
  return at(screen, 'syncing…', call('sync', params))
}

export function verifying(screen: S, { cwd }: World): Turn<S> {
  return at(screen, 'verifying…', call('verify', { context: contextOf(cwd) }))
}

export function examining(screen: S, { cwd }: World, repair: boolean): Turn<S> {
  const busy = repair ? 'mending…' : 'examining…'
  return at(screen, busy, call('doctor', { context: contextOf(cwd), repair }))
}

export function auditing(screen: S, world: World): Turn<S> {
  const row = chosenRow(screen, world)
  if (row === undefined) return turn(screen)
  const vault = row.kind === 'alarm' ? row.alarm.vault : row.vault.vault
  const params = {
    context: vaultContext(world.cwd, vault),
    org: vault.kind === 'org',
    limit: ENTRIES,
    // What is selected must not choose another vault.
    ...(vault.kind === 'user' ? { name: '/user' } : {}),
  }
  return at(screen, 'reading…', call('audit', params))
}

export function shown(screen: S, world: World): Turn<S> {
  const row = chosenRow(screen, world)
  if (row === undefined) return turn(screen)
  const dialog =
    row.kind === 'alarm'
      ? text('alarm', '! ALARM', alarmText(world.now, row.alarm))
      : text('vault', 'Vault', vaultText(world.now, row.vault))
  return turn(screen, ask(dialog))
}

export function acknowledging(screen: S, world: World): Turn<S> {
  const lines = unread(world).map(
    ({ reason, vault, newest, first }) =>
      `! ${reason} in ${vaultLabel(vault)}: ${(newest ?? first).message}`,
  )
  const title = `Have you read ${lines.length === 1 ? 'the alarm' : `all ${lines.length} alarms`}?`
  return turn(screen, ask(confirmation('acknowledge', title, lines, 'I have read all of it')))
}

/** The form that sets the relay, with what was typed before. */
export function relayForm(values: Values, problem?: string): Dialog {
  const filled = (name: string, label: string, more: Partial<Field> = {}): Field => ({
    ...field(name, label, more),
    field: fieldOf(values[name] ?? ''),
  })
  const dialog = form(
    'relay',
    'Relay',
    [
      filled('url', 'url', { hint: 'wss://relay.example.org' }),
      filled('key', 'key', { hint: 'as the relay prints it at its start' }),
      filled('ca', 'CA file', { optional: true, hint: "trusted besides the system's" }),
      filled('registration', 'token file', {
        optional: true,
        hint: 'if it asks newcomers for one',
      }),
    ],
    'set',
    ['A relay carries what it cannot read, to your other devices and to other people.'],
  )
  return problem === undefined || dialog.kind !== 'form' ? dialog : { ...dialog, problem }
}

function setting(screen: S, values: Values, { cwd }: World): Turn<S> {
  const { url = '', key = '', ca = '', registration = '' } = values
  const params = {
    context: contextOf(cwd),
    url: url.trim(),
    key: key.trim(),
    ...(ca === '' ? {} : { ca: absolute(cwd, ca) }),
    ...(registration === '' ? {} : { registrationFile: absolute(cwd, registration) }),
  }
  return at({ ...screen, relay: values }, 'asking the relay…', call('relaySet', params))
}

/** What a dialog of this screen brought. */
export function answeredDialog(screen: S, tag: string, values: Values, world: World): Turn<S> {
  switch (tag) {
    case 'relay':
      return setting(screen, values, world)
    case 'acknowledge':
      return turn(screen, call('alarmsAcknowledge', { context: contextOf(world.cwd) }))
    case 'doctor-found': {
      const lines = ['Damaged vaults are brought back from the relay; nothing else is lost.']
      return turn(screen, ask(confirmation('repair', 'Mend what can be mended?', lines, 'mend')))
    }
    case 'repair':
      return examining(screen, world, true)
    default:
      return turn(screen)
  }
}

export function answeredCall(screen: S, event: Answered): Turn<S> {
  const idle = { ...screen, busy: undefined }
  switch (event.method) {
    case 'sync': {
      const { vaults, sent, received } = event.result
      const said = `synced ${vaults} vaults: ${sent} sent, ${received} received`
      return turn(idle, note(said, 'good'), { kind: 'refresh' })
    }
    case 'verify':
      return turn(idle, ask(text('verified', '✓ Verified', verifiedText(event.result))))
    case 'doctor': {
      const bad = event.result.checks.some(({ level }) => level !== 'ok')
      const lines = doctorText(event.result)
      const more = bad ? [...lines, '', 'enter asks whether to mend what can be mended.'] : lines
      const dialog = text(bad ? 'doctor-found' : 'doctor', 'Doctor', more)
      return turn(idle, ask(dialog), { kind: 'refresh' })
    }
    case 'audit': {
      const title = `Who did what in ${vaultLabel(event.result.vault)}`
      return turn(idle, ask(text('audit', title, auditText(event.result))))
    }
    case 'relaySet': {
      const { uploaded, warnings } = event.result
      const said = [`relay set: ${uploaded} vaults uploaded`, ...warnings.map((one) => one.message)]
      return turn({ ...idle, relay: {} }, note(said.join('; '), 'good'), { kind: 'refresh' })
    }
    case 'alarmsAcknowledge': {
      const said = `${event.result.acknowledged} acknowledged: they stay listed`
      return turn(idle, note(said, 'good'), { kind: 'refresh' })
    }
    case 'announcements': {
      const lines = event.result.warnings.map(({ message }) => message)
      return lines.length === 0
        ? turn(screen)
        : turn(screen, ask(text('news', 'Who came and went', lines)))
    }
    default:
      return turn(screen)
  }
}

export function failedCall(
  screen: S,
  { method, failure }: Extract<ScreenEvent, { kind: 'failed' }>,
): Turn<S> {
  const idle = { ...screen, busy: undefined }
  const { code, reason, message, next } = failure
  // Nobody asked for it: what it would have told is in the vaults' warnings, too.
  if (method === 'announcements') return turn(screen)
  if (code === 'tampering' && method !== 'relaySet') {
    const lines = [
      `${reason === '' ? method : reason}: ${message}`,
      ...(next === '' ? [] : [next]),
      '',
      'What is on this disk, or what the relay sent, is not what the devices signed.',
    ]
    return turn(idle, ask(text('tampering', '! ALARM: tampering', lines)), { kind: 'refresh' })
  }
  if (method === 'relaySet') {
    const problem = next === '' ? message : `${message}: ${next}`
    return turn(idle, ask(relayForm(screen.relay, problem)))
  }
  return turn(idle, complain(failure))
}
