import { concat, utf8, type Bytes } from '../../shared/bytes.js'
import { encodeEntry } from '../../shared/log/entry.js'
import type { Chain } from './chain.js'
import { hex } from './people.js'

// What must be refused, and as what: bytes that an attacker could send, hide in a log, or leave on a disk.

/** What a case's bytes are, and what is around them. All bytes are hex. */
export type Input =
  /** A mailbox entry, of which only the form is judged. */
  | { readonly as: 'entry'; readonly bytes: string }
  /** A link entry that comes to the chain up to link `after`. */
  | { readonly as: 'link'; readonly after: string; readonly bytes: string }
  /** A changeset entry that comes to the whole chain, its author's last changeset being `tail`. */
  | { readonly as: 'changeset'; readonly tail: string | null; readonly bytes: string }
  /** A ciphertext in the place of one part of an item. */
  | {
      readonly as: 'part'
      readonly changeset: string
      readonly index: number
      readonly part: 'meta' | 'value'
      readonly commitment: string
      readonly bytes: string
    }
  /** A table of wraps that came with link `link`, opened by `device`. */
  | { readonly as: 'wrap'; readonly link: string; readonly device: string; readonly bytes: string }
  /** The key of the base in the place of that of epoch `epoch`, opened by whoever holds this one's. */
  | { readonly as: 'before'; readonly epoch: number; readonly bytes: string }
  /** A link entry that begins a chain, or (`genesis` is an entry) comes behind that one. */
  | { readonly as: 'start'; readonly genesis: string | null; readonly bytes: string }
  | { readonly as: 'head'; readonly bytes: string }
  | { readonly as: 'padding'; readonly bytes: string }
  | { readonly as: 'code'; readonly text: string }
  | { readonly as: 'keystore'; readonly passphrase: string; readonly bytes: string }

/** `refused` is `code/reason`. */
export type Refused = { readonly name: string; readonly input: Input; readonly refused: string }

export const flip = (bytes: Bytes, at: number): Bytes =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

/** Forms of entries that no decoder may take. */
export function refusedEncodings(chain: Chain): Refused[] {
  const id = '07'.repeat(32)
  const box = '05'.repeat(40)
  const entry = (bytes: string, name: string, refused = 'format/malformed'): Refused => {
    return { name: `encoding: ${name}`, input: { as: 'entry', bytes }, refused }
  }
  /** An items entry: changeset, index of the first item, items. */
  const items = (first: string, list = `81a1005828${box}`, changeset = `5820${id}`): string =>
    `8202a300${changeset}01${first}02${list}`
  const genesis = chain.links[0]
  if (genesis === undefined) throw new TypeError('no chain')
  const whole = hex(genesis.entry)
  const { body, signature } = genesis.signed
  const cut = encodeEntry({
    kind: 'link',
    body: { signed: { body: body.slice(0, -1), signature } },
  })
  const longer = encodeEntry({
    kind: 'link',
    body: { signed: { body: concat(body, utf8('\0')), signature } },
  })
  return [
    entry('', 'nothing'),
    entry(whole.slice(0, -2), 'cut off'),
    entry(`${whole}00`, 'a byte behind the end'),
    entry('8203a0', 'an unknown kind of entry'),
    entry('8302a000', 'a pair of three'),
    entry(`8202a4005820${id}01010281a1005828${box}0300`, 'an unknown key'),
    entry(`8202a2005820${id}0101`, 'a missing key'),
    entry(`8202a4005820${id}010101010281a1005828${box}`, 'a doubled key'),
    entry(`8202a30101005820${id}0281a1005828${box}`, 'keys out of order', 'format/non-canonical'),
    entry(`8202a361005820${id}01010281a1005828${box}`, 'a key that is no number'),
    entry(items('1801'), 'a number longer than it need be'),
    entry(items('01', `81a100590028${box}`), 'a length longer than it need be'),
    entry(items('01', `9fa1005828${box}ff`), 'an indefinite list'),
    entry(items('01', `81a1005f5828${box}ff`), 'indefinite bytes'),
    entry(items('c101'), 'a tag'),
    entry(items('f93c00'), 'a float', 'format/non-canonical'),
    entry(items('f6'), 'null'),
    entry(items('20'), 'a negative number'),
    entry(items('01', `81a1007828${box}`), 'text for bytes'),
    entry(items('01', `81a1005828${box}`, `581f${id.slice(2)}`), 'an id too short'),
    entry(items('01', `81a1005827${box.slice(2)}`), 'a box too short'),
    entry(items('1903e9'), 'an index beyond the items of a transaction'),
    entry(items('01', '80'), 'no items'),
    entry(hex(cut), 'a link that is cut off'),
    entry(hex(longer), 'a byte behind the end of a link'),
  ]
}
