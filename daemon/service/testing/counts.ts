import { countsOf } from '../trust/announce.js'
import type { Device } from './device.js'

/** Secrets of a device that hold several values written apart. */
export function conflictCount({ session }: Device): number {
  return countsOf(session).conflicts
}
