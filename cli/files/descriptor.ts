import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'

/** What a descriptor gives until its end, or one byte more than `cap`. Throws Node's errors. */
export function readDescriptor(fd: number, cap: number): Uint8Array {
  const chunks: Buffer[] = []
  let size = 0
  while (size <= cap) {
    const chunk = Buffer.allocUnsafe(Math.min(65_536, cap + 1 - size))
    const count = readSync(fd, chunk, 0, chunk.length, null)
    if (count === 0) break
    chunks.push(chunk.subarray(0, count))
    size += count
  }
  return Buffer.concat(chunks)
}
