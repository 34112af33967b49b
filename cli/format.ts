import { displayText } from '../shared/display.js'
import { durationOf } from '../shared/duration.js'
import type { VaultRef } from '../shared/protocol/local-common.js'

// How times, sizes and tables read on a terminal, and how people type durations.

/** Milliseconds of `90s`, `10m`, `1h`, `7d`, `500ms`. @throws CofferError `usage`. */
export function parseDuration(option: string, typed: string): number {
  return durationOf(option, typed)
}

/** The last moment that a Date can be: 100,000,000 days after 1970. A hostile clock may say any number. */
const LAST = 8.64e15

/** `2026-11-22T10:15:00Z`. */
export function showTime(ms: number): string {
  return new Date(Math.min(ms, LAST)).toISOString().replace(/\.[0-9]+Z$/, 'Z')
}

/** `acme/web`, `acme`, or `/user` for the person's own vault. */
export function showVault({ kind, org, project }: VaultRef): string {
  return kind === 'user' ? '/user' : [org, project].filter(Boolean).join('/')
}

/** The first twelve digits of a hex id. */
export function shortId(id: string): string {
  return id.slice(0, 12)
}

/** Rows in columns, two blanks apart; hostile text escaped. The last column isn't padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => displayText(cell)))
  const widths: number[] = []
  for (const row of safe) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')
  return safe.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** One name a line; hostile text escaped. */
export function lines(names: readonly string[]): string {
  return names.map((name) => `${displayText(name)}\n`).join('')
}

/** Who wrote something: the device's label, or its id. */
export function showAuthor(author: {
  readonly deviceId: string
  readonly device?: string
  readonly user?: string
}): string {
  const device = author.device ?? shortId(author.deviceId)
  return author.user === undefined ? device : `${author.user} on ${device}`
}
