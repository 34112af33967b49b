import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from './repo.js'

// Refusals read as one voice: `coffer: CODE: what, why; what next`. What the code says is looked at, not its shape.

const LITERAL = `(?:'((?:[^'\\\\\\n]|\\\\.)*)'|"((?:[^"\\\\\\n]|\\\\.)*)"|\`((?:[^\`\\\\]|\\\\.)*)\`)`
const MESSAGE = new RegExp(`new CofferError\\(\\s*'[a-z-]+',\\s*${LITERAL}`, 'g')
const NEXT = new RegExp(`\\bnext(?::|\\s*=)\\s*${LITERAL}`, 'g')

/** The sources of the programs, tests apart. */
function sources(): string[] {
  return ['shared', 'daemon', 'cli', 'sync-server'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!\.test|\.d)\.tsx?$/.test(file) && !file.includes('testing/'))
      .map((file) => path.join(folder, file)),
  )
}

/** What a pattern finds in all of them, with its file. */
function said(pattern: RegExp): { file: string; text: string }[] {
  return sources().flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(pattern)].map((found) => ({
      file,
      text: found[1] ?? found[2] ?? found[3] ?? '',
    })),
  )
}

const mistakes = (pattern: RegExp, wrong: RegExp): string[] =>
  said(pattern)
    .filter(({ text }) => wrong.test(text))
    .map(({ file, text }) => `${file}: ${text}`)

test('a message says what and why, as a clause', () => {
  assert.ok(said(MESSAGE).length > 100, 'the pattern finds messages')
  assert.equal(mistakes(MESSAGE, /^(?!Earthly|Fluvio)[A-Z][a-z ]|[.!]$|;/), [])
})

test('a next step ends the sentence: a command in it is run, seen or written', () => {
  assert.ok(said(NEXT).length > 100, 'the pattern finds next steps')
  assert.equal(mistakes(NEXT, /^[A-Z][a-z]|^coffer|[.!]$|`/), [])
})

test.run()
