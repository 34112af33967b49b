import type { Method } from '../../../shared/protocol/local.js'
import type { Request } from './effect.js'
import type { AppEvent } from './event.js'
import { ROOT } from './root.js'
import type { State } from './state.js'
import { step, type Step } from './step.js'

// What is only read is asked for once at a time: however much changes while an answer is on its way, it is asked for once
// more after it. So a flood of changes is no flood of calls.

const READINGS: readonly Method[] = [
  'status',
  'orgList',
  'alarmsList',
  'projectList',
  'secretList',
  'secretHistory',
  'deviceList',
  'orgMemberList',
  'orgInviteList',
  'runnerList',
  'projectMemberList',
]

type Asked = { readonly method: Method; readonly tag: string }

/** Which reading of whom: tags tell those of one owner apart. Undefined for what is more than a reading. */
function keyOf(owner: number, { method, tag }: Asked): string | undefined {
  // What is being edited is looked at again by its whole value.
  const isReading = READINGS.includes(method) || (method === 'secretGet' && tag === 'again')
  return isReading ? `${owner} ${method} ${tag}` : undefined
}

function keyOfRequest({ owner, effect }: Request): string | undefined {
  return effect.kind === 'call' ? keyOf(owner, effect) : undefined
}

/** What an event settles of the readings under way, and the request that waited for that. */
function settled(state: State, event: AppEvent): { state: State; waited: readonly Request[] } {
  if (event.kind === 'daemon') return { state: { ...state, readings: new Map() }, waited: [] }
  const told = event.kind === 'to' ? event.event : undefined
  if (event.kind !== 'to' || (told?.kind !== 'answered' && told?.kind !== 'failed')) {
    return { state, waited: [] }
  }
  const key = keyOf(event.owner, told)
  if (key === undefined || !state.readings.has(key)) return { state, waited: [] }
  const readings = new Map(state.readings)
  const next = readings.get(key)
  readings.delete(key)
  const waited = next === undefined || state.world.daemon === 'gone' ? [] : [next]
  return { state: { ...state, readings }, waited }
}

/** An event's step, with at most one request of each reading under way and one that waits for its answer. */
export function coalesced(state: State, event: AppEvent, take: (state: State) => Step): Step {
  const begun = settled(state, event)
  const taken = take(begun.state)
  const isThere = ({ owner }: Request): boolean =>
    owner === ROOT || taken.state.stack.some(({ id }) => id === owner)
  const wanted = taken.requests.map(keyOfRequest)
  const waited = begun.waited.filter((one) => isThere(one) && !wanted.includes(keyOfRequest(one)))
  const requests = [...taken.requests, ...waited]
  if (requests.every((one) => keyOfRequest(one) === undefined))
    return step(taken.state, ...requests)
  const readings = new Map(taken.state.readings)
  const sent = requests.filter((one) => {
    const key = keyOfRequest(one)
    if (key === undefined) return true
    const isUnderWay = readings.has(key)
    readings.set(key, isUnderWay ? one : undefined)
    return !isUnderWay
  })
  return step({ ...taken.state, readings }, ...sent)
}
