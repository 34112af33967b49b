import { toHex } from '../bytes.js'
import { bytesOf, idOf, type VaultId } from '../ids.js'
import { planEndFork } from './fork.js'
import { planCheckpoint } from './checkpoint.js'
import { planAddDevice, planAddMember, planAdmit, planInvite, planWithdraw } from './joining.js'
import { signedLink, type Action, type Link } from './link.js'
import { Roster, headOf, roleAt, type DeviceRecord, type Membership } from './membership.js'
import { planChangeRole } from './change-role.js'
import { planRaiseCut, planRemove, planRewrap, planRotate, type Author } from './removal.js'
import { RIGHTS, type Role } from './roles.js'
import { LIMITS } from '../limits.js'
import { checkForm, checkStatement, full, refuse, type Apply } from './rules.js'
import type { Signed } from './signed.js'

/**
 * The membership that a vault starts with.
 * @throws CofferError `tampering` or `format`
 */
export function openChain(signed: Signed): Membership {
  const link = signedLink.read(signed)
  checkForm(link)
  const { action } = link
  if (
    action.kind !== 'genesis' ||
    link.n !== 0 ||
    link.vaultId !== undefined ||
    link.prev !== undefined
  ) {
    return refuse('bad-chain', 'the first link is not a genesis')
  }
  const { statement, epoch, kind, label, relay } = action.body
  const id = checkStatement(statement)
  if (id !== link.author) refuse('bad-chain', 'the genesis author is not the device it names')
  signedLink.check(signed, statement.keys.sign)
  const linkHash = signedLink.id(signed)
  const roles = [{ from: 0, role: 'owner' as const }]
  const { keys, userId } = statement
  const record = { id, keys, userId, addedBy: id, label, roles, cuts: [], recovery: false }
  if ((epoch.base ?? epoch.before ?? epoch.more) !== undefined)
    refuse('bad-epoch', 'the first epoch has none before it')
  const devices = new Roster()
  devices.put(record)
  return {
    vaultId: idOf<VaultId>(bytesOf(linkHash)),
    kind,
    hashes: [linkHash],
    devices,
    invites: new Map(),
    epochs: [{ from: 0, start: epoch, by: id }],
    commitments: new Set([toHex(epoch.commitment)]),
    relays: relay === undefined ? [] : [{ from: 0, relay }],
    checkpoints: [],
    voids: new Map(),
  }
}

/**
 * Checks one signed link against the membership before it and, when everything holds, applies it.
 * On any error the membership is as it was.
 * @throws CofferError `tampering` with the rule's name as reason, `format`, or `limit`
 */
export function applyLink(m: Membership, signed: Signed): Link {
  const link = signedLink.read(signed)
  checkForm(link)
  const head = headOf(m)
  if (link.vaultId !== m.vaultId) refuse('foreign-vault', 'it belongs to another vault')
  if (link.n !== head.n + 1 || link.prev !== head.hash)
    refuse('bad-chain', "it doesn't follow the head")
  const author = m.devices.get(link.author)
  const role = roleAt(m, link.author)
  if (author === undefined || role === undefined)
    return refuse('unknown-author', 'its author is no active device')
  signedLink.check(signed, author.keys.sign)
  if (link.n > LIMITS.links - LIMITS.linksReserve && !RIGHTS[role].manages) full('links')
  const apply = planAction(m, link, author, role)
  const linkHash = signedLink.id(signed)
  apply(linkHash)
  m.hashes.push(linkHash)
  return link
}

/** Checks an action; gives the change to make. */
function planAction(m: Membership, link: Link, author: DeviceRecord, role: Role): Apply {
  const { action, n } = link
  switch (action.kind) {
    case 'genesis':
      return refuse('bad-chain', 'a second genesis')
    case 'relay': {
      if (!RIGHTS[role].manages) refuse('not-authorised', 'only an owner or admin names the relay')
      const { relay } = action.body
      return () => m.relays.push({ from: n, relay })
    }
    case 'invite':
      return planInvite(m, action.body, author, role)
    case 'withdraw-invite':
      return planWithdraw(m, action.body.inviteKey, author, role)
    case 'admit':
      return planAdmit(m, action.body, n, author, role)
    case 'add-device':
      return planAddDevice(m, action.body, n, author, role)
    case 'add-member':
      return planAddMember(m, action.body, n, author, role)
    case 'checkpoint':
      return planCheckpoint(m, action.body, { device: author, role, n })
    case 'end-fork':
      return planEndFork(m, action.body, { device: author, role, n })
    default:
      return planRemoval(m, action, { device: author, role, n })
  }
}

type Removal = Extract<
  Action,
  { kind: 'remove' | 'change-role' | 'rotate' | 'rewrap' | 'raise-cut' }
>

function planRemoval(m: Membership, action: Removal, author: Author): Apply {
  switch (action.kind) {
    case 'remove':
      return planRemove(m, action.body, author)
    case 'change-role':
      return planChangeRole(m, action.body, author)
    case 'rotate':
      return planRotate(m, action.body, author)
    case 'rewrap':
      return planRewrap(m, action.body, author)
    case 'raise-cut':
      return planRaiseCut(m, action.body, author)
  }
}
