import { fromUtf8, utf8, type Bytes } from '../../shared/bytes.js'
import { documentPieces, type BackupPart } from '../../daemon/service/backup/document.js'
import { Crew, put } from '../../daemon/core/vault/testing/crew.js'
import { take } from '../../daemon/core/vault/testing/pair.js'
import type { Current } from '../../daemon/core/vault/names.js'
import { hex, type Json } from './people.js'

// A backup's text, as it is once it was decrypted: nobody needs more than a reader of JSON for it.

export const FILE = 'backup.json'

const NOW = 1_800_000_000_000
/** Not UTF-8, and UTF-8 that a decoder likes to drop: a byte order mark. */
const BINARY = Uint8Array.of(0, 255, 254, 10)
const MARKED = utf8('\u{feff}marked')
const TEXT = 'quotes " and \\, tabs \t, lines\n\nand ünïcode \u{1f511}'

/** Secrets of a project: text of all kinds, bytes, none; written again, deleted in between, by two at once, sealed. */
function story(): Crew {
  const crew = new Crew()
  const { owner } = crew
  crew.now = 1_700_000_000_000
  const bob = crew.member('bob', 'writer')
  const runner = crew.runner('ci')
  const bytes = (name: string, value: Bytes) => ({ space: 'secret' as const, name, value })
  crew.write(owner, [
    put('text', TEXT),
    bytes('bytes', BINARY),
    bytes('marked', MARKED),
    put('', 'of no name'),
    put('empty', ''),
  ])
  crew.now += 1000
  crew.write(owner, [{ ...put('AGAIN', 'one'), note: 'the first' }])
  crew.write(owner, [{ space: 'secret', name: 'AGAIN', value: undefined }])
  crew.now += 1000
  crew.write(owner, [{ ...put('AGAIN', 'three'), note: 'the "third"' }])
  take(bob, crew.log)
  const apart = crew.apart(bob, [put('TWICE', "bob's"), put('GONE', "bob's")])
  crew.write(owner, [put('TWICE', "the owner's"), put('GONE', 'soon')])
  crew.write(owner, [{ space: 'secret', name: 'GONE', value: undefined }])
  crew.log.push(...apart)
  crew.write(owner, [put('SEALED', 'nobody reads this', [runner])])
  take(owner, crew.log)
  return crew
}

function partOf({ owner: { replica } }: Crew, vault: string): BackupPart {
  const live = [...replica.live('secret')].toSorted((a, b) =>
    a.winner.name < b.winner.name ? -1 : 1,
  )
  const sealed = live.filter(({ winner }) => winner.sealed !== undefined)
  return {
    vault,
    replica,
    secrets: live.filter((one) => !sealed.includes(one)),
    sealed: sealed.map(({ winner }) => winner.name),
  }
}

export function backupJson(): Json {
  const own = new Crew()
  own.now = 1_700_000_000_000
  own.write(own.owner, [put('mine', 'my own')])
  const parts = [partOf(own, '/user'), partOf(new Crew(), 'acme/api'), partOf(story(), 'acme/web')]
  const pieces = [...documentPieces(parts, NOW, () => undefined)]
  const text = pieces.map((piece) => fromUtf8(piece) ?? '').join('')
  return {
    text,
    created: NOW,
    vaults: parts.map(({ vault, replica, secrets, sealed }) => ({
      vault,
      secrets: secrets.map((one) => secretJson(one, (change) => replica.value(change))),
      sealed,
    })),
    refused: refused(text),
  }
}

type Change = Current['winner']

/** What the text must say, with values as bytes. */
function secretJson({ winner, siblings }: Current, valueOf: (change: Change) => Bytes): Json {
  return {
    name: winner.name,
    value: hex(valueOf(winner)),
    changed: winner.wall,
    note: winner.note ?? null,
    others: siblings
      .slice(1)
      .map((change) => (change.kind === 'put' ? hex(valueOf(change)) : null)),
  }
}

/** Texts that are no backup, or one that must not be restored. */
function refused(text: string): Json {
  const change = (was: string, now: string): string => {
    if (text.split(was).length !== 2) throw new TypeError(`not once: ${was}`)
    return text.replace(was, () => now)
  }
  const cases: [string, string, string][] = [
    ['nothing', '', 'format/backup'],
    ['cut off', text.slice(0, -4), 'format/backup'],
    ['a list', `[${text}]`, 'format/backup'],
    ['another format', change('"coffer-backup"', '"coffer-recovery"'), 'format/backup'],
    ['a greater version', change('"version": 1', '"version": 2'), 'home/newer'],
    ['an unknown field', change('"version": 1', '"version": 1, "more": 1'), 'format/schema'],
    ['a field less', change('"vault": "/user", ', ''), 'format/schema'],
    ['an unknown field of a vault', change('"vault": "/user"', '"vault": "/user", "x": 1'), SCHEMA],
    ['an unknown field of a secret', change('"value":"my own"', '"value":"my own","x":1'), SCHEMA],
    ['a value that is a number', change('"value":"my own"', '"value":1'), SCHEMA],
    ['a value in no base64', change('"value":"my own"', '"value":{"base64":"???"}'), SCHEMA],
    ['base64 that is not padded', change('"value":"my own"', '"value":{"base64":"AA"}'), SCHEMA],
    ['half a character', change('"value":"my own"', String.raw`"value":"\ud800"`), SCHEMA],
    ['half a character in a name', change('"name":"mine"', String.raw`"name":"\ud800"`), SCHEMA],
    ['a vault twice', change('"acme/api"', '"/user"'), 'format/doubled-name'],
    ['a name twice', change('"name":"marked"', '"name":"bytes"'), 'format/doubled-name'],
  ]
  return cases.map(([name, document, reason]) => ({ name, text: document, refused: reason }))
}

const SCHEMA = 'format/schema'
