import { Buffer } from 'node:buffer'
import { equal, type Bytes } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { NewChange } from '../../core/vault/change.js'
import { sealedToOp } from '../../core/vault/records.js'
import type { Replica } from '../../core/vault/replica.js'
import { missing } from './missing.js'
import { placesInOneVault, put, remove } from './changes.js'
import { placeOf, prefixOf, type Place } from '../place.js'
import { checkProject, type NamedRunner } from '../runners/runners.js'
import { checkStaysSealed, chosenReaders, isSealed, openValue } from './sealing.js'
import { checkMayWrite, type Session } from '../session.js'
import { findVersion, historyOf, versionRef } from './versions.js'

// Writes: each is one transaction, durable on this disk when it answers; the relay hears of it later.

export function bytesOf(base64: string): Bytes {
  const { buffer, byteOffset, length } = Buffer.from(base64, 'base64')
  return new Uint8Array(buffer, byteOffset, length)
}

/**
 * One transaction in a vault; `plan` sees the state as it is when its turn comes. Only with `unseal` may something readable
 * take the place of what is sealed.
 */
export async function writeTo(
  session: Session,
  place: Place,
  plan: (replica: Replica) => readonly NewChange[],
  unseal = false,
): Promise<{ readonly created: boolean }> {
  let created = false
  await place.shell.write((replica) => {
    checkMayWrite(session, replica)
    created = replica.get('secret', place.name) === undefined
    const changes = plan(replica)
    if (!unseal) checkStaysSealed(replica, changes)
    return changes
  })
  return { created }
}

/** The newest version of a name, after a write. */
export function written(place: Place, created: boolean): Result<'secretSet'> {
  const { replica } = place.shell
  const history = historyOf(replica, place.name)
  const winner = replica.current('secret', place.name)?.winner ?? history[0]
  if (winner === undefined) throw new TypeError('a write left no version')
  const { reference } = place
  return { reference, version: versionRef(history, winner), created, warnings: [] }
}

export async function setSecret(
  session: Session,
  { context, name, value, note, seal, unseal }: Params<'secretSet'>,
): Promise<Result<'secretSet'>> {
  const place = await placeOf(session, context, name)
  const change = put(place.name, bytesOf(value), note)
  if (seal !== undefined) return setSealed(session, place, change, seal)
  const { created } = await writeTo(session, place, () => [change], unseal)
  return written(place, created)
}

async function setSealed(
  session: Session,
  place: Place,
  change: NewChange,
  seal: NonNullable<Params<'secretSet'>['seal']>,
): Promise<Result<'secretSet'>> {
  checkProject(place)
  let to: readonly NamedRunner[] = []
  const { created } = await writeTo(session, place, (replica) => {
    to = chosenReaders(session, replica, place, seal)
    return [{ ...change, sealedTo: to.map(({ record }) => record.id) }]
  })
  const ids = to.map(({ record }) => record.id)
  await place.shell.change(() => ({ ops: [sealedToOp(place.name, ids)] }))
  return { ...written(place, created), sealedTo: to.map(({ shown }) => shown) }
}

type Item = { readonly name: string; readonly value: Bytes; readonly note?: string | undefined }
type Sorted = { readonly created: Item[]; readonly changed: Item[]; readonly unchanged: Item[] }

function sortItems(replica: Replica, items: readonly Item[]): Sorted {
  const out: Sorted = { created: [], changed: [], unchanged: [] }
  for (const item of items) {
    const current = replica.get('secret', item.name)
    if (current === undefined) out.created.push(item)
    else if (isSealed(replica, item.name)) out.changed.push(item)
    else if (!current.conflict && equal(replica.value(current.winner), item.value)) {
      out.unchanged.push(item)
    } else out.changed.push(item)
  }
  return out
}

export async function setMany(
  session: Session,
  { context, items, note, dryRun }: Params<'secretSetMany'>,
): Promise<Result<'secretSetMany'>> {
  const places = await placesInOneVault(
    session,
    context,
    items.map(({ name }) => name),
  )
  const place = places[0] ?? (await prefixOf(session, context, undefined))
  const wanted = places.map(({ name }, i) => ({
    name,
    value: bytesOf(items[i]?.value ?? ''),
    note,
  }))
  return { vault: place.vault, ...(await setItems(session, place, wanted, dryRun)), warnings: [] }
}

/** What a transaction of many values did, or would do. */
type SetItems = Pick<Result<'secretSetMany'>, 'created' | 'changed' | 'unchanged'>

/** One transaction of many values; those that are there already are left alone. @throws CofferError as secretSetMany */
export async function setItems(
  session: Session,
  place: Pick<Place, 'shell'>,
  wanted: readonly Item[],
  dryRun: boolean,
): Promise<SetItems> {
  checkTotal(wanted)
  let sorted = sortItems(place.shell.replica, wanted)
  await place.shell.write((replica) => {
    checkMayWrite(session, replica)
    sorted = sortItems(replica, wanted)
    const changes = [...sorted.created, ...sorted.changed]
    const news = changes.map(({ name, value, note }) => put(name, value, note))
    checkStaysSealed(replica, news)
    return dryRun ? [] : news
  })
  const names = (list: readonly Item[]): string[] => list.map(({ name }) => name)
  return {
    created: names(sorted.created),
    changed: names(sorted.changed),
    unchanged: names(sorted.unchanged),
  }
}

function checkTotal(items: readonly Item[]): void {
  let total = 0
  for (const { value } of items) total += value.length
  if (total <= LIMITS.transaction) return
  throw new CofferError('limit', `one transaction holds at most ${LIMITS.transaction} bytes`, {
    reason: 'transaction',
    next: 'import the file in parts',
  })
}

export async function removeSecrets(
  session: Session,
  { context, names }: Params<'secretRemove'>,
): Promise<Result<'secretRemove'>> {
  const places = await placesInOneVault(session, context, names)
  const [first] = places
  if (first === undefined) return { references: [], warnings: [] }
  await writeTo(session, first, (replica) =>
    places.map((place) => {
      if (replica.get('secret', place.name) === undefined) throw missing(session, place)
      return remove(place.name)
    }),
  )
  return { references: places.map(({ reference }) => reference), warnings: [] }
}

export async function moveSecret(
  session: Session,
  { context, from, to, force }: Params<'secretMove'>,
): Promise<Result<'secretMove'>> {
  const source = await placeOf(session, context, from)
  const target = await placeOf(session, context, to)
  if (source.reference === target.reference) {
    throw new CofferError('usage', 'both names are the same', {
      reason: 'same-name',
      next: 'give another name to move it to',
    })
  }
  const within = source.shell === target.shell
  const taken = (replica: Replica): NewChange => {
    const current = replica.get('secret', source.name)
    if (current === undefined) throw missing(session, source)
    return put(target.name, openValue(source, current.winner), current.winner.note)
  }
  const free = (replica: Replica): void => {
    if (!force && replica.get('secret', target.name) !== undefined) throw exists(target)
  }
  await writeTo(session, target, (replica) => {
    free(replica)
    return within ? [taken(replica), remove(source.name)] : [taken(source.shell.replica)]
  })
  if (!within) await writeTo(session, source, () => [remove(source.name)])
  const { version } = written(target, true)
  return { from: source.reference, to: target.reference, version, warnings: [] }
}

export function exists({ reference }: Place): CofferError {
  return new CofferError('exists', `${displayText(reference)} exists already`, {
    reason: 'secret-exists',
    next: 'say --force to write over it; older versions stay in its history',
  })
}

export async function rollbackSecret(
  session: Session,
  { context, name, version }: Params<'secretRollback'>,
): Promise<Result<'secretRollback'>> {
  const place = await placeOf(session, context, name)
  const { created } = await writeTo(session, place, (replica) => {
    const history = historyOf(replica, place.name)
    if (history.length === 0) throw missing(session, place)
    const change = findVersion(history, version)
    if (change.kind === 'put') return [put(place.name, openValue(place, change), change.note)]
    throw new CofferError('usage', 'that version is a delete', {
      reason: 'deleted-version',
      next: 'choose a version with a value, or use coffer rm',
    })
  })
  return written(place, created)
}
