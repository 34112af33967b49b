// Text pictures of a terminal: what is different each time made the same, and held against what was kept.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import stringWidth from 'string-width'
import { root } from '../../tooling/repo.js'
import { until } from '../harness/until.js'
import { type Terminal } from './terminal.js'

const FOLDER = path.join(root, 'scripts/e2e/testdata/ui')

/** With UPDATE=1 pictures are drawn anew instead of compared: look at the difference before it is committed. */
const UPDATE = process.env['UPDATE'] === '1'

export type Size = readonly [columns: number, rows: number]
export const SMALL: Size = [40, 10]
export const USUAL: Size = [80, 24]
export const LARGE: Size = [200, 60]

/** `word` in the columns of `found`, as far as it goes. */
const inPlaceOf = (found: string, word: string): string =>
  word.slice(0, found.length).padEnd(found.length)

/** Whatever is another each time, and what stands for it. A gap before or after it keeps the rest of a line in its place. */
const CHANGING: readonly (readonly [RegExp, (found: string, ...groups: string[]) => string])[] = [
  // Ages: on the right side of a line, where a text is cut behind them, in a column of their own, within a text.
  // What stands behind the first is cut where there is no room for it, which depends on how many digits the age has.
  [
    / +● synced (?:\w+|not yet)( · .*|)$/gm,
    (found, more = '') =>
      ` ● synced 12s${more.replace(/1 con\w*…$/, '1 conflict')}`.padStart(found.length),
  ],
  [/\b(?:\d+[smhdy] ago|just now).*…$/gm, () => '12s…'],
  [/\b(?:just now|\d+[smhdy] ago) {2,}(?=\S)/gm, (found) => '12s ago'.padEnd(found.length)],
  [/\bjust now\b/gm, () => '12s ago'],
  [/(?<=\s)(?:now|\d{1,3}[smhdy])(?: {2,}|$)/gm, (found) => '12s'.padEnd(found.length)],
  [/(?<=\s)(?:now|\d{1,3}[smhdy])(?= )/gm, () => '12s'],
  // Whether a device has met what the other one said of the members yet.
  [/! members/g, (found) => inPlaceOf(found, 'owner')],
  // How many entries the relay's logs hold depends on how many changes went together.
  [
    /^(.{2}(?:\/user\/|acme\/\w*) .* )(\d+)( +\d+ +12s +12s ago)$/gm,
    (_found, before = '', log = '', after = '') => `${before}${'9'.padEnd(log.length)}${after}`,
  ],
  [/\d{4}-\d\d-\d\d/g, () => '2026-11-27'],
  [/(?<=2026-11-27 )\d\d:\d\d/g, () => '12:30'],
  [/wss?:\/\/127\.0\.0\.1:\d+/g, (found) => inPlaceOf(found, 'wss://relay.acme.org')],
  [/(?:\/[\w-]+)+\/(?:laptop|phone|new)\b/g, () => '/home/ada/.coffer'],
  [/\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3,}\b/g, (found) => found.replace(/[a-z2-7]/g, 'x')],
  [/\b(?=[a-f]*\d)[\da-f]{8,64}\b/g, (found) => inPlaceOf(found, '0a1b2c3d4e5f6789'.repeat(4))],
]

/** The screen without what is another each time, its lines without blanks at their ends. */
export function picture(screen: string): string {
  const plain = CHANGING.reduce((text, [pattern, word]) => text.replace(pattern, word), screen)
  return `${plain.replace(/ +$/gm, '').trimEnd()}\n`
}

/** What is too much for the size: rows, or columns of one. */
function excess(screen: string, [columns, rows]: Size): string | undefined {
  const lines = screen.trimEnd().split('\n')
  if (lines.length > rows) return `${lines.length} rows, not ${rows}`
  const long = lines.find((line) => stringWidth(line) > columns)
  return long === undefined ? undefined : `a line of ${stringWidth(long)} columns: ${long}`
}

/** Whether the interface has drawn itself for this size: its rule from side to side, its footer in the last row. */
function isDrawnFor(screen: string, [columns, rows]: Size): boolean {
  const lines = screen.split('\n')
  return lines.includes('─'.repeat(columns)) && (lines[rows - 1] ?? '').trim() !== ''
}

/** What is the same twice, some frames apart. */
async function still(terminal: Terminal, ready: RegExp, size: Size): Promise<string> {
  let before = ''
  return until(
    () => `a screen with ${String(ready)} that stays:\n${before}`,
    () => {
      const { screen } = terminal
      const now = picture(screen)
      const same = now === before && ready.test(now) && isDrawnFor(screen, size)
      before = now
      return same ? now : undefined
    },
  )
}

/**
 * Waits until the screen is as the kept picture of that name and size shows it.
 * @param ready what a picture that is drawn anew must show before it is kept
 */
export async function looksLike(
  terminal: Terminal,
  name: string,
  size: Size,
  ready: RegExp,
): Promise<void> {
  terminal.resize(...size)
  const file = path.join(FOLDER, `${name}-${size.join('x')}.txt`)
  if (UPDATE) {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(file, await still(terminal, ready, size))
  }
  const kept = readFileSync(file, 'utf8')
  await until(
    () =>
      `the screen looks like ${path.relative(root, file)} (UPDATE=1 draws it anew)\n` +
      `-- kept\n${kept}-- now\n${picture(terminal.screen)}`,
    () => picture(terminal.screen) === kept,
    { timeout: 20_000 },
  )
  const over = excess(terminal.screen, size)
  if (over !== undefined) throw new Error(`${name} holds more than its size: ${over}`)
}

/** The same at every size. */
export async function looksRight(terminal: Terminal, name: string, ready: RegExp): Promise<void> {
  for (const size of [SMALL, LARGE, USUAL]) await looksLike(terminal, name, size, ready)
}
