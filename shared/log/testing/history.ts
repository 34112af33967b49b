import { utf8, type Bytes } from '../../bytes.js'
import {
  bytesOf,
  idOf,
  type DeviceId,
  type LinkHash,
  type RelayKey,
  type VaultId,
} from '../../ids.js'
import {
  signedLink,
  SUITE,
  VAULT_KINDS,
  VERSION,
  type Action,
  type JoinRequestBody,
  type Link,
} from '../link.js'
import type { Membership } from '../membership.js'
import { RIGHTS, type Role } from '../roles.js'
import type { Signed } from '../signed.js'
import { applyLink, openChain } from '../validate.js'
import {
  actor,
  emptyWraps,
  inviteOf,
  joinRequest,
  roleOf,
  seed,
  userOf,
  type Actor,
} from './actors.js'
import { checkpointOn } from './checkpoints.js'
import { removalAction } from './removals.js'

// For tests only: membership chains drawn as text. Keys come from names, so a history is the same in every run.

const LABEL = utf8('label')
const DAY = 24 * 3600 * 1000

const wrapsFor = (id: DeviceId, role: Role): Bytes =>
  RIGHTS[role].reads ? emptyWraps(id).hash : emptyWraps().hash

/** What an attacker changes: the link before it is signed, who signs it, or the signed bytes. */
export type Twist = {
  readonly link?: (link: Link) => Link
  readonly signer?: string
  readonly signed?: (signed: Signed) => Signed
}

type Step = { readonly words: readonly string[]; parent: string | undefined }
type Made = { readonly link: Link; readonly signed: Signed; readonly hash: LinkHash }

/**
 * Membership links drawn as text, e.g.
 *
 *     G  = genesis ann/laptop project
 *     I  = invite ann/laptop code writer
 *     A  = admit ann/laptop code bob/desk
 *     G -> I -> A
 *
 * Verbs: `genesis D KIND`, `relay D NAME`, `invite D CODE ROLE [USER]`, `withdraw D CODE`, `admit D CODE JOINER`,
 * `add D JOINER ROLE [recovery]`, and those of removals.ts, `checkpoint D MAKER [pos:N] [head:D:SEQ]`. Several arrow lines make branches. Nothing is checked here: attacks can be drawn.
 */
export class History {
  readonly #steps = new Map<string, Step>()
  readonly #made = new Map<string, Made>()
  readonly #twists: Readonly<Record<string, Twist>>

  constructor(script: string, twists: Readonly<Record<string, Twist>> = {}) {
    this.#twists = twists
    const lines = script
      .split('\n')
      .map((line) => line.trim())
      .filter((one) => one !== '')
    for (const line of lines) {
      const [name = '', definition] = line.split(' = ').map((part) => part.trim())
      if (definition === undefined) continue
      this.#steps.set(name, { words: definition.split(/ +/), parent: undefined })
    }
    for (const line of lines.filter((one) => !one.includes(' = '))) {
      const path = line.split('->').map((part) => part.trim())
      path.slice(1).forEach((child, i) => (this.#step(child).parent = path[i]))
    }
  }

  get vaultId(): VaultId {
    const genesis = [...this.#steps].find(([, step]) => step.words[0] === 'genesis')
    return idOf<VaultId>(bytesOf(this.hash(genesis?.[0] ?? '')))
  }

  signed(name: string): Signed {
    return this.#make(name).signed
  }

  hash(name: string): LinkHash {
    return this.#make(name).hash
  }

  link(name: string): Link {
    return this.#make(name).link
  }

  /** Names from the genesis to `name`. */
  path(name: string): string[] {
    const { parent } = this.#step(name)
    return parent === undefined ? [name] : [...this.path(parent), name]
  }

  /** The membership once `name` holds. @throws CofferError of the first link that doesn't */
  fold(name: string): Membership {
    const [genesis = name, ...rest] = this.path(name)
    const membership = openChain(this.signed(genesis))
    for (const one of rest) applyLink(membership, this.signed(one))
    return membership
  }

  #step(name: string): Step {
    const step = this.#steps.get(name)
    if (step === undefined) throw new TypeError(`the history has no ${name}`)
    return step
  }

  #make(name: string): Made {
    const known = this.#made.get(name)
    if (known !== undefined) return known
    const { words, parent } = this.#step(name)
    const before = parent === undefined ? undefined : this.#make(parent)
    const author = actor(words[1] ?? '')
    const plain: Link = {
      version: VERSION,
      suite: SUITE,
      n: before === undefined ? 0 : before.link.n + 1,
      author: author.id,
      time: 1_700_000_000_000,
      action: this.#action(words, parent),
      ...(before === undefined ? {} : { vaultId: this.vaultId, prev: before.hash }),
    }
    const { link = plain, signer, signed: after } = this.#twisted(name, plain)
    const pair = signer === undefined ? author.pair : actor(signer).pair
    const made = signedLink.make(link, pair.privateKey)
    const signed = after?.(made) ?? made
    const result = { link, signed, hash: signedLink.id(signed) }
    this.#made.set(name, result)
    return result
  }

  #twisted(name: string, link: Link): Omit<Twist, 'link'> & { link?: Link } {
    const { link: change, ...rest } = this.#twists[name] ?? {}
    return change === undefined ? rest : { ...rest, link: change(link) }
  }

  #action(words: readonly string[], parent: string | undefined): Action {
    const [verb = '', by = '', second = '', third = '', fourth] = words
    switch (verb) {
      case 'genesis':
        return genesis(actor(by), second)
      case 'relay':
        return { kind: 'relay', body: { relay: idOf<RelayKey>(seed('relay', second)) } }
      case 'invite': {
        const body = {
          inviteKey: inviteOf(second).key,
          role: roleOf(third),
          expires: DAY,
          label: LABEL,
        }
        const user = fourth === undefined ? {} : { userId: userOf(fourth) }
        return { kind: 'invite', body: { ...body, ...user } }
      }
      case 'withdraw':
        return { kind: 'withdraw-invite', body: { inviteKey: inviteOf(second).key } }
      case 'admit':
        return this.#admit(second, actor(third))
      case 'add': {
        const { statement, id } = actor(second)
        const role = roleOf(third)
        return {
          kind: 'add-device',
          body: {
            statement,
            role,
            wraps: wrapsFor(id, role),
            label: LABEL,
            ...(fourth === 'recovery' ? { recovery: 1 } : {}),
          },
        }
      }
      default: {
        const before = (): Membership => this.fold(parent ?? '')
        if (verb === 'checkpoint') return checkpointOn(before(), second, words)
        const action = removalAction(words, before)
        if (action === undefined) throw new TypeError(`no such verb: ${verb}`)
        return action
      }
    }
  }

  #admit(code: string, joiner: Actor): Action {
    const [name = '', step] =
      [...this.#steps].find(([, { words }]) => words[0] === 'invite' && words[2] === code) ?? []
    const invite = inviteOf(code)
    const body: JoinRequestBody = {
      vaultId: this.vaultId,
      inviteKey: invite.key,
      inviteLink: step === undefined ? idOf<LinkHash>(new Uint8Array(32)) : this.hash(name),
      statement: joiner.statement,
    }
    const request = joinRequest(body, invite.pair, joiner.pair)
    const wraps = wrapsFor(joiner.id, roleOf(step?.words[3] ?? 'reader'))
    return { kind: 'admit', body: { request, wraps, label: LABEL } }
  }
}

function genesis({ statement, id }: Actor, kind: string): Action {
  const epoch = {
    commitment: seed('epoch', 'key'),
    box: seed('epoch', 'box'),
    wraps: emptyWraps(id).hash,
  }
  const nonce = seed('nonce', kind).slice(0, 16)
  const found = VAULT_KINDS.find((one) => one === kind) ?? 'project'
  return { kind: 'genesis', body: { kind: found, nonce, statement, epoch, label: LABEL } }
}
