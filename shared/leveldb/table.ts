import { concat, type Bytes } from '../bytes.js'
import type { Write } from './log.js'
import { maskedCrc32c } from './crc32c.js'
import { Reader } from './reader.js'

// LevelDB's table file: data blocks, a filter, an index of the data blocks, a footer. Each block is
// followed by its type (0: not compressed, the only one coffer writes) and a masked CRC-32C.

const TRAILER = 5
const FOOTER = 48
const MAGIC = 0xdb4775248b80fb57n

type Handle = { readonly offset: number; readonly size: number }

/** True when every block of the table, its filter and index included, has its checksum. */
export function tableHolds(bytes: Bytes): boolean {
  const footer = readFooter(bytes)
  if (footer === undefined) return false
  const meta = readBlock(bytes, footer.meta)
  const index = readBlock(bytes, footer.index)
  const handles = [...handlesOf(meta), ...handlesOf(index)]
  return (
    meta !== undefined &&
    index !== undefined &&
    handles.every((handle) => handle !== undefined && readBlock(bytes, handle) !== undefined)
  )
}

/** What can be read of a table: the writes of every data block whose checksum holds. */
export function* readTable(bytes: Bytes): Generator<Write> {
  const footer = readFooter(bytes)
  for (const handle of handlesOf(footer && readBlock(bytes, footer.index))) {
    const block = handle && readBlock(bytes, handle)
    for (const [internal, value] of block === undefined ? [] : entries(block)) {
      const write = readInternal(internal, value)
      if (write !== undefined) yield write
    }
  }
}

function readFooter(bytes: Bytes): { meta: Handle; index: Handle } | undefined {
  if (bytes.length < FOOTER) return undefined
  const reader = new Reader(bytes.subarray(bytes.length - FOOTER))
  const meta = readHandle(reader)
  const index = readHandle(reader)
  reader.offset = FOOTER - 8
  if (meta === undefined || index === undefined || reader.u64() !== MAGIC) return undefined
  return { meta, index }
}

function readHandle(reader: Reader): Handle | undefined {
  const offset = reader.varint()
  const size = reader.varint()
  return offset === undefined || size === undefined ? undefined : { offset, size }
}

function* handlesOf(block: Bytes | undefined): Generator<Handle | undefined> {
  if (block === undefined) return
  for (const [, value] of entries(block)) yield readHandle(new Reader(value))
}

/** A block whose checksum holds, without its trailer. */
function readBlock(bytes: Bytes, { offset, size }: Handle): Bytes | undefined {
  if (offset + size + TRAILER > bytes.length) return undefined
  const crc = new Reader(bytes, offset + size + 1).u32()
  const whole = bytes.subarray(offset, offset + size + 1)
  if (whole[size] !== 0 || maskedCrc32c(whole) !== crc) return undefined
  return whole.subarray(0, size)
}

/** The entries of a block: keys share prefixes with the one before. */
function* entries(block: Bytes): Generator<[key: Bytes, value: Bytes]> {
  const restarts = new Reader(block, Math.max(0, block.length - 4)).u32() ?? 0
  const end = block.length - 4 - 4 * restarts
  if (end < 0) return
  const reader = new Reader(block.subarray(0, end))
  let key: Bytes = new Uint8Array(0)
  while (!reader.done) {
    const shared = reader.varint()
    const fresh = reader.varint()
    const length = reader.varint()
    if (shared === undefined || fresh === undefined || length === undefined) return
    const suffix = reader.take(fresh)
    const value = reader.take(length)
    if (suffix === undefined || value === undefined || shared > key.length) return
    key = concat(key.subarray(0, shared), suffix)
    yield [key, value]
  }
}

/** An internal key ends with (sequence << 8 | type), little-endian; type 1 is a put, 0 a delete. */
function readInternal(internal: Bytes, value: Bytes): Write | undefined {
  const at = internal.length - 8
  const tag = at < 0 ? undefined : new Reader(internal, at).u64()
  if (tag === undefined) return undefined
  const type = tag & 0xffn
  if (type > 1n) return undefined
  return {
    key: internal.subarray(0, at),
    value: type === 1n ? value : undefined,
    sequence: tag >> 8n,
  }
}
