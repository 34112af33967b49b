import type { Bytes } from '../bytes.js'
import { concat } from '../bytes.js'
import { maskedCrc32c } from './crc32c.js'
import { Reader } from './reader.js'

// LevelDB's record log: the write-ahead log and the MANIFEST. Blocks of 32 KiB hold fragments of
// {masked CRC-32C of type and data: u32, length: u16, type: u8, data}, all little-endian.

const BLOCK = 32 * 1024
const HEADER = 7
const SECTOR = 512
const FULL = 1
const FIRST = 2
const LAST = 4

export type Log = {
  /** The records whose checksums hold, in order. */
  readonly records: readonly Bytes[]
  /**
   * sound · torn: the last record was cut off by a crash and never acknowledged · damaged: something
   * that had been written whole doesn't hold any more.
   */
  readonly state: 'sound' | 'torn' | 'damaged'
}

type Fragment = { readonly type: number; readonly data: Bytes; readonly next: number }

/**
 * Reads a whole log file. LevelDB itself skips what doesn't hold without a word (classic-level can't
 * turn on its paranoid checks), so acknowledged records could be lost unnoticed.
 */
export function readLog(bytes: Bytes): Log {
  const reading = new Assembly()
  let at = skipTrailer(0)
  while (at < bytes.length) {
    const fragment = fragmentAt(bytes, at)
    if (fragment === undefined) reading.miss(at)
    else reading.add(fragment, at)
    at = fragment === undefined ? resync(bytes, at) : skipTrailer(fragment.next)
  }
  const { records, open, bad, goodAfterBad } = reading
  const broken = bad ?? open?.start
  if (broken === undefined) return { records, state: 'sound' }
  const unfinished = open !== undefined || isCut(bytes, broken) || hasHole(bytes, broken)
  return { records, state: !goodAfterBad && unfinished ? 'torn' : 'damaged' }
}

/** Puts fragments together to records, and notes where that first failed. */
class Assembly {
  readonly records: Bytes[] = []
  /** The record begun and not yet ended. */
  open: { readonly start: number; readonly parts: Bytes[] } | undefined
  bad: number | undefined
  /** A record begins after the bad place: a writer went on there, so it wasn't cut off. */
  goodAfterBad = false

  miss(at: number): void {
    this.bad ??= this.open?.start ?? at
    this.open = undefined
  }

  add({ type, data }: Fragment, at: number): void {
    const begins = type === FULL || type === FIRST
    // A record begun and not ended, or continued and not begun: a piece between is gone.
    if (begins === (this.open !== undefined)) this.miss(at)
    if (begins) {
      this.goodAfterBad ||= this.bad !== undefined
      this.open = { start: at, parts: [] }
    }
    this.open?.parts.push(data)
    if (this.open === undefined || (type !== FULL && type !== LAST)) return
    this.records.push(concat(...this.open.parts))
    this.open = undefined
  }
}

/** A block's last bytes that no header fits in stay unused. */
function skipTrailer(offset: number): number {
  const left = BLOCK - (offset % BLOCK)
  return left < HEADER ? offset + left : offset
}

/** The fragment at `offset`, or undefined when it doesn't hold. */
function fragmentAt(bytes: Bytes, offset: number): Fragment | undefined {
  const header = readHeader(bytes, offset)
  if (header === undefined || header.type < FULL || header.type > LAST) return undefined
  const next = offset + HEADER + header.length
  const fits = HEADER + header.length <= BLOCK - (offset % BLOCK) && next <= bytes.length
  if (!fits || maskedCrc32c(bytes.subarray(offset + HEADER - 1, next)) !== header.crc)
    return undefined
  return { type: header.type, data: bytes.subarray(offset + HEADER, next), next }
}

function readHeader(bytes: Bytes, offset: number) {
  const reader = new Reader(bytes, offset)
  const crc = reader.u32()
  const length = reader.u16()
  const type = reader.u8()
  if (crc === undefined || length === undefined || type === undefined) return undefined
  return { crc, length, type }
}

/** Where the next fragment that holds begins after a bad one; the end when there is none. */
function resync(bytes: Bytes, bad: number): number {
  for (let at = bad + 1; at < bytes.length; at++) {
    if (fragmentAt(bytes, at) !== undefined) return at
  }
  return bytes.length
}

/**
 * Whether the bad record simply ends with the file, as a killed writer leaves it. When the bytes that
 * are there match the checksum, the file is whole and it is the length that was altered.
 */
function isCut(bytes: Bytes, bad: number): boolean {
  let at = skipTrailer(bad)
  for (let next = fragmentAt(bytes, at); next !== undefined; next = fragmentAt(bytes, at)) {
    at = skipTrailer(next.next)
  }
  const header = readHeader(bytes, at)
  if (header === undefined) return true
  const end = at + HEADER + header.length
  const cut = end > bytes.length && end <= at - (at % BLOCK) + BLOCK
  return cut && maskedCrc32c(bytes.subarray(at + HEADER - 1)) !== header.crc
}

/** After a power cut a file may have its new length but zeros for sectors never written. */
function hasHole(bytes: Bytes, from: number): boolean {
  for (let at = from - (from % SECTOR); at < bytes.length; at += SECTOR) {
    const sector = bytes.subarray(Math.max(at, from), Math.min(at + SECTOR, bytes.length))
    if (sector.length >= HEADER && sector.every((byte) => byte === 0)) return true
  }
  return false
}

export type Write = {
  readonly key: Bytes
  /** Undefined: deleted. */
  readonly value: Bytes | undefined
  /** LevelDB's own sequence number: the greatest of a key wins. */
  readonly sequence: bigint
}

/** The writes of one record of a write-ahead log, or undefined when it is malformed. */
export function readBatch(record: Bytes): readonly Write[] | undefined {
  const reader = new Reader(record)
  const first = reader.u64()
  const count = reader.u32()
  if (first === undefined || count === undefined) return undefined
  const out: Write[] = []
  while (!reader.done) {
    const type = reader.u8()
    const key = reader.slice()
    const value = type === 1 ? reader.slice() : undefined
    if (key === undefined || (type !== 0 && value === undefined)) return undefined
    out.push({ key, value, sequence: first + BigInt(out.length) })
  }
  return out.length === count ? out : undefined
}
