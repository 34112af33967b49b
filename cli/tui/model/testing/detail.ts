import * as assert from 'uvu/assert'
import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import type { ScreenEvent } from '../event.js'
import type { Place } from '../place.js'
import type { Staged } from '../staging.js'
import { aWorld, keyOf, NOON } from './world.js'
import type { Turn } from '../turn.js'
import { detailView } from '../views/detail.js'
import { widthOf } from '../views/line.js'
import { detailScreen } from '../screens/detail.js'
import { openDetail, type DetailState, type Version } from '../screens/detail-state.js'

// One secret's screen, and what happens to it, for tests.

export const PLACE = { kind: 'project', org: 'acme', project: 'web' } as const
export const WORLD = aWorld()
export const base64 = (text: string): string => toBase64(utf8(text))

export function version(number: number, more: Partial<Version> = {}): Version {
  return {
    version: { id: `id${number}`, number },
    kind: 'put',
    at: NOON - 60_000 * (10 - number),
    author: { deviceId: 'd1'.repeat(16), device: 'desk', user: 'Bob', self: false },
    size: 10 * number,
    current: false,
    sibling: false,
    queued: false,
    futureClock: false,
    ...more,
  }
}

export const THREE = [version(3, { current: true }), version(2, { note: 'rotated' }), version(1)]

export function hear(screen: DetailState, event: ScreenEvent, world = WORLD): Turn<DetailState> {
  return detailScreen.update(screen, event, world)
}

export function told(
  screen: DetailState,
  versions: readonly Version[],
  world = WORLD,
): DetailState {
  const result = { reference: 'coffer://acme/web/KEY', versions, warnings: [] }
  return hear(screen, { kind: 'answered', method: 'secretHistory', tag: 'history', result }, world)
    .screen
}

export function opened(
  versions: readonly Version[] = THREE,
  world = WORLD,
  place: Place = PLACE,
): DetailState {
  return told(openDetail(place, 'KEY', world).screen, versions, world)
}

export function got(number: number, value: string, tag = `show id${number}`): ScreenEvent {
  const { author, at } = version(number)
  const result = {
    reference: 'r',
    value,
    version: { id: `id${number}`, number },
    at,
    author,
    warnings: [],
  }
  return { kind: 'answered', method: 'secretGet', tag, result }
}

export function press(screen: DetailState, name: string, world = WORLD): Turn<DetailState> {
  const binding = detailScreen.bindings.find(
    ({ keys, when }) => keys.includes(name) && (when === undefined || when(screen, world)),
  )
  return binding === undefined
    ? hear(screen, { kind: 'key', key: keyOf(name) }, world)
    : binding.run(screen, world)
}

export const pressed = (screen: DetailState, ...names: readonly string[]): DetailState =>
  names.reduce((next, name) => press(next, name).screen, screen)

export function seen(screen: DetailState, world = WORLD, width = 80, height = 20): string {
  const lines = detailView(screen, world, { width, height })
  assert.ok(lines.length <= height, `${lines.length} lines of ${height}`)
  const texts = lines.map(({ spans }) => spans.map(({ text }) => text).join(''))
  for (const text of texts) assert.ok(widthOf(text) <= width, text)
  return texts.join('\n')
}

/** Nothing of a value is in the state. */
export function isBlank(screen: DetailState, value: string): boolean {
  return !JSON.stringify(screen).includes(value) && !JSON.stringify(screen).includes(base64(value))
}

export const staged = (value: string | undefined): Staged => ({
  place: PLACE,
  name: 'KEY',
  value: value === undefined ? undefined : base64(value),
  over: 'id3',
  overtaken: false,
})
