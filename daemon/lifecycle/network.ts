import { readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/** This process's network namespace (`net:[4026531840]`), undefined where there are none. */
export function networkNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/net')
  } catch {
    return undefined
  }
}

/** Whether no network interface but loopback has an address: what `unshare -n` and sandboxed builds look like. */
export function networkIsCut(): boolean {
  return Object.values(networkInterfaces()).every((addresses) =>
    (addresses ?? []).every((address) => address.internal),
  )
}
