import { displayText } from '../../shared/display.js'
import { durationText } from '../../shared/duration.js'
import type { Result } from '../../shared/protocol/local.js'
import { Client } from '../reach/client.js'
import type { Command } from '../command.js'
import { openRunning } from '../reach/daemon-reach.js'
import { columns, shortId, showTime, showVault } from '../format.js'
import { homeExists, homeOf } from '../reach/socket.js'

type Status = Result<'status'>

export const status: Command = {
  name: 'status',
  summary: 'Say what is open, selected, queued and synced',
  details: 'Starts no daemon and makes no file.',
  examples: [
    { line: 'coffer status', text: '' },
    { line: 'coffer status --json', text: 'everything, for scripts' },
  ],
  stdout: 'report',
  async run(_call, session) {
    const home = homeOf(session.io.env)
    const running = await openRunning(home)
    if (running === undefined) {
      const state = homeExists(home) ? 'stopped' : 'none'
      const word = state === 'none' ? 'no home yet (coffer init)' : 'the daemon is not running'
      session.show({ running: false, state, home }, `${displayText(home)}: ${word}\n`)
      return
    }
    session.adopt(new Client(running.socket))
    const result = await session.call('status', { context: session.context })
    session.show({ running: true, ...result }, report(result))
  },
}

function report(status: Status): string {
  const { selection, device, user, relay } = status
  const label = [user?.name, user?.email].filter(Boolean).join(' ')
  const rows = [
    ['home', status.home],
    ['state', status.joining ? `${status.state}, waiting to be let in` : status.state],
    ['daemon', `${status.version}, pid ${status.pid}, since ${showTime(status.startedAt)}`],
    ...(device === null ? [] : [['device', `${device.name} (${shortId(device.deviceId)})`]]),
    ...(label === '' ? [] : [['user', label]]),
    ...(status.state === 'unlocked' ? [['selected', showSelection(selection)]] : []),
    ['relay', relay === null ? 'none' : showRelay(relay, status.offline)],
    ...status.otherRelays.map((one) => ['relay', showRelay(one, status.offline)]),
    ...(status.recovery === null ? [] : [['recovery', status.recovery ? 'a device' : 'none']]),
    ...status.vaults.map((one) => ['vault', describe(one)]),
    ...status.todo.map((one) => ['to do', showTodo(one)]),
    ...warningsOf(status).map((warning) => ['warning', warning]),
  ]
  return columns(rows)
}

/** `acme/web (select)`: what counts where a reference says nothing, and what chose it. */
function showSelection({ org, project, orgFrom, projectFrom }: Status['selection']): string {
  if (org === null && project === null) return 'your own secrets'
  const from = new Set([orgFrom, projectFrom])
  from.delete('nothing')
  return `${org ?? '-'}/${project ?? '-'} (${[...from].join(', ')})`
}

function showRelay(relay: NonNullable<Status['relay']>, offline: boolean): string {
  const problem = relay.problem === null ? '' : `: ${relay.problem.code}: ${relay.problem.message}`
  return `${relay.url} ${offline ? 'offline (asked for)' : relay.state}${problem}`
}

function warningsOf({ warnings, vaults }: Status): string[] {
  return [
    ...warnings.map(({ code, message }) => `${code}: ${message}`),
    ...vaults.flatMap((one) =>
      one.warnings.map(({ code, message }) => `${showVault(one.vault)}: ${code}: ${message}`),
    ),
  ]
}

/** A member's level that a project doesn't have yet. */
function showTodo({ org, project, email, userId, own }: Status['todo'][number]): string {
  const who = email === '' ? userId : email
  return `${org}/${project}: ${who}${own ? '' : ' (an owner must)'}`
}

function describe(vault: Status['vaults'][number]): string {
  const parts = [
    `${vault.secrets} ${vault.secrets === 1 ? 'secret' : 'secrets'}`,
    ...(vault.state === 'ready' ? [] : [vault.state]),
    ...(vault.role === null || vault.role === 'owner' ? [] : [vault.role]),
    ...(vault.queued > 0 ? [`${vault.queued} queued`] : []),
    ...(vault.conflicts > 0 ? [`${vault.conflicts} conflicts`] : []),
    showSynced(vault),
    vault.age === null
      ? 'unconfirmed by another device'
      : `confirmed ${durationText(vault.age)} ago`,
  ]
  return `${showVault(vault.vault)}: ${parts.join(', ')}`
}

function showSynced({ syncedAt, pos }: Pick<Status['vaults'][number], 'syncedAt' | 'pos'>): string {
  if (syncedAt !== null) return `synced ${showTime(syncedAt)}`
  return pos === null ? 'never synced' : 'not synced since the daemon started'
}
