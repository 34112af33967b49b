import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { VaultId } from '../../../shared/ids.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { DIRECTORY_SPACE, type Listed } from './directory.js'
import type { Session } from '../session.js'
import type { Settings } from '../settings.js'

// Which vault a project's name meant when this home used it first: an org's admins write its directory, and none of them is to
// turn a name that people know into another vault (SPEC section 13).

type Pin = NonNullable<Settings['people']>['pins'][number]

function pinsOf({ settings }: Session): readonly Pin[] {
  return settings.current.people?.pins ?? []
}

/** Remembers what a name means from now on; beyond a cap the oldest are forgotten. @throws CofferError `storage` */
export function pinProject(session: Session, org: VaultId, { name, vaultId }: Listed): void {
  const others = pinsOf(session).filter((pin) => pin.org !== org || pin.name !== name)
  const pins = [...others, { org, name, project: vaultId }].slice(-LIMITS.pins)
  session.settings.update({ people: { joins: [], ...session.settings.current.people, pins } })
}

/** Forgets the names of a project that this device takes out of the directory. */
export function unpinProject(session: Session, project: VaultId): void {
  const pins = pinsOf(session).filter((pin) => pin.project !== project)
  if (pins.length === pinsOf(session).length) return
  session.settings.update({ people: { joins: [], ...session.settings.current.people, pins } })
}

/**
 * Holds a project against what its name meant before; the first use remembers it.
 * @throws CofferError `tampering` (reason `directory-moved`)
 */
export function checkPin(session: Session, org: VaultId, project: Listed): void {
  const pin = pinsOf(session).find((one) => one.org === org && one.name === project.name)
  if (pin?.project === project.vaultId) return
  if (pin !== undefined && !isOwnEntry(session, org, project.vaultId)) throw moved(project.name)
  try {
    pinProject(session, org, project)
  } catch (error) {
    // A full disk keeps nobody from reading.
    session.world.onError(error)
  }
}

/** Whether the directory's word on a project is this person's own: made on another device of theirs, it is no attack. */
function isOwnEntry({ vaults, identity }: Session, org: VaultId, project: VaultId): boolean {
  const replica = vaults.opened(org)?.replica
  const author = replica?.get(DIRECTORY_SPACE, project)?.winner.device
  const record = author === undefined ? undefined : replica?.membership?.devices.get(author)
  return record?.userId === identity.userId
}

function moved(name: string): CofferError {
  const shown = displayText(name)
  return new CofferError(
    'tampering',
    `the project '${shown}' is another vault than it was before`,
    {
      reason: 'directory-moved',
      next: `ask the org's admins; if it is meant so: coffer project select --moved ${shown}`,
    },
  )
}

/** A word on every known name that means another vault now. */
export function movedWarnings(session: Session): Warning[] {
  const { vaults } = session
  const known = new Map(
    pinsOf(session).map(({ org, name, project }) => [`${org} ${name}`, project]),
  )
  return vaults.orgs().flatMap((org) =>
    vaults.projects(org.vaultId).flatMap(({ name, vaultId }) => {
      const pinned = known.get(`${org.vaultId} ${name}`)
      if (pinned === undefined || pinned === vaultId) return []
      if (isOwnEntry(session, org.vaultId, vaultId)) return []
      const message = `${displayText(`${org.name}/${name}`)} is another vault than it was before`
      return { code: 'directory-moved', message }
    }),
  )
}
