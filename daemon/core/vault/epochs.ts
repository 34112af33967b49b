import type { Bytes } from '../../../shared/bytes.js'
import type { EpochStart } from '../../../shared/log/link.js'
import type { Membership } from '../../../shared/log/membership.js'
import { openBefore } from '../crypto/epoch.js'

// How the keys of a vault's epochs lead to one another (SPEC section 5).

type Keys = ReadonlyMap<number, Bytes>

/** The boxes of an epoch, each with the key of one before it. */
export function boxesOf({
  base,
  before,
  more = [],
}: EpochStart): { base: number; before: Bytes }[] {
  return base === undefined || before === undefined ? [] : [{ base, before }, ...more]
}

/** A step from one epoch's key to another's. @throws CofferError `tampering` (reason `bad-before`) */
export function keyBefore(
  m: Membership,
  epoch: number,
  key: Bytes,
  { base, before }: { base: number; before: Bytes },
): Bytes | undefined {
  const start = m.epochs[base - 1]?.start
  return start && openBefore(key, before, { vaultId: m.vaultId, base, epoch }, start)
}

/** The epochs that whoever is given the key of `from` comes to, this one among them. */
export function reached(m: Membership, keys: Keys, from: number): Set<number> {
  const found = new Set([from])
  const todo = [from]
  for (let epoch = todo.pop(); epoch !== undefined; epoch = todo.pop()) {
    const [start, key] = [m.epochs[epoch - 1]?.start, keys.get(epoch)]
    if (start === undefined || key === undefined) continue
    for (const box of boxesOf(start)) {
      if (found.has(box.base) || !opens(m, epoch, key, box)) continue
      found.add(box.base)
      todo.push(box.base)
    }
  }
  return found
}

function opens(...args: Parameters<typeof keyBefore>): boolean {
  try {
    return keyBefore(...args) !== undefined
  } catch {
    return false
  }
}

/** Held epochs that the newest of `from` doesn't lead to: where each of their parts begins, the newest first. */
export function unreached(m: Membership, keys: Keys, from: number): number[] {
  const found = reached(m, keys, from)
  const out: number[] = []
  for (let epoch = from - 1; epoch > 0; epoch--) {
    if (!keys.has(epoch) || found.has(epoch)) continue
    out.push(epoch)
    for (const one of reached(m, keys, epoch)) found.add(one)
  }
  return out
}
