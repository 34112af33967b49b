import { fromUtf8, type Bytes } from '../bytes.js'
import { readLog, type Log } from './log.js'
import { Reader } from './reader.js'

// LevelDB's MANIFEST: a log of edits to the set of live tables.

export type Manifest = {
  readonly state: Log['state']
  /** Logs from this number on hold what no table has yet; 0 until the first flush. */
  readonly log: number
  /** Live tables: number → size in bytes. */
  readonly tables: ReadonlyMap<number, number>
}

type Building = { log: number; readonly tables: Map<number, number> }

/** The live set that `bytes` arrive at; undefined when an edit is malformed or there is none. */
export function readManifest(bytes: Bytes): Manifest | undefined {
  const { records, state } = readLog(bytes)
  if (records.length === 0) return undefined
  const building: Building = { log: 0, tables: new Map() }
  for (const record of records) {
    const reader = new Reader(record)
    while (!reader.done) {
      if (!readField(reader, building)) return undefined
    }
  }
  return { state, log: building.log, tables: building.tables }
}

function readField(reader: Reader, out: Building): boolean {
  switch (reader.varint()) {
    case 1: {
      const name = reader.slice()
      return name !== undefined && fromUtf8(name) === 'leveldb.BytewiseComparator'
    }
    case 2: {
      const log = reader.varint()
      out.log = log ?? 0
      return log !== undefined
    }
    case 3: // next file number
    case 4: // last sequence
    case 9: // previous log, no longer used
      return reader.varint() !== undefined
    case 5: // compaction pointer
      return reader.varint() !== undefined && reader.slice() !== undefined
    case 6: {
      reader.varint()
      const table = reader.varint()
      return table !== undefined && (out.tables.delete(table), true)
    }
    case 7: {
      reader.varint()
      const table = reader.varint()
      const size = reader.varint()
      if (table === undefined || size === undefined) return false
      out.tables.set(table, size)
      return reader.slice() !== undefined && reader.slice() !== undefined
    }
    default:
      return false
  }
}
