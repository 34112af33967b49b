import type { Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { MadeSnapshot } from '../../daemon/core/vault/snapshot.js'
import { loadReplica } from '../../daemon/core/vault/load.js'
import { seededRandom, type TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { Team } from '../../daemon/core/vault/testing/team.js'

// The log of the frozen snapshot: everything that can be in one.

await cryptoReady

const NAMES = 40

/** People of a project: Ann founded it, Bob writes, Dan reads, Eve sees; Cat was removed, and wrote on. */
export class SnapshotStory {
  readonly maker = 'ann/laptop'
  readonly witness = 'bob/desk'
  readonly team = new Team(this.maker)
  #pos = 0

  constructor() {
    const { team, maker, witness } = this
    team.member(maker, ['bob/desk', 'bob/phone'], 'writer')
    team.member(maker, ['cat/desk'], 'writer')
    team.member(maker, ['dan/desk'], 'reader')
    team.member(maker, ['eve/desk'], 'viewer')
    team.readAll()
    this.#names()
    this.#crowd()
    this.#twice()
    this.#cat()
    team.write(maker, 'title', 'of the vault', { space: 'vault' })
    team.readAll()
    team.write(witness, 'title', 'not for a writer to say', { space: 'vault' })
    this.#delete('gone')
    team.readAll()
    this.#pos = team.log.length
  }

  /** Each name by one of two people; every third one twice, by the other. */
  #names(): void {
    const { team, maker, witness } = this
    team.write(maker, 'gone', 'soon')
    for (let n = 0; n < NAMES; n++) {
      const [one, other] = n % 2 === 0 ? [maker, witness] : [witness, maker]
      team.write(one, `name-${n}`, `value ${n}`)
      team.readAll()
      if (n % 3 !== 0) continue
      team.write(other, `name-${n}`, `again ${n}`)
      team.readAll()
    }
  }

  /** Three at once: siblings, whose rows stand in one leaf. */
  #crowd(): void {
    const { team } = this
    const apart = ['ann/laptop', 'bob/desk', 'bob/phone'].flatMap((name) => {
      return team.write(name, 'crowd', `by ${name}`, { hidden: true })
    })
    team.log.push(...apart)
    team.readAll()
  }

  /** Bob's phone signs one number twice: its disk was set back. */
  #twice(): void {
    const { team } = this
    const phone = team.of('bob/phone')
    const store = phone.store.copy()
    const env = { ...phone.env, reader: store, random: seededRandom('bob/phone set back') }
    team.write('bob/phone', 'twice', 'once')
    const { identity, replica } = phone
    const old = loadReplica(env, identity, replica.vaultId, store.rows())
    team.devices.set('bob/phone set back', { identity, store, env, replica: old })
    team.write('bob/phone set back', 'twice', 'and once more')
    team.devices.delete('bob/phone set back')
    team.readAll()
  }

  /** What Cat wrote before she was removed counts; what came afterwards, from before the new key, doesn't. */
  #cat(): void {
    const { team, maker } = this
    team.write('cat/desk', 'of-cat', 'in time')
    team.readAll()
    const late = team.write('cat/desk', 'of-cat-late', 'too late', { hidden: true })
    team.remove(maker, 'cat/desk')
    team.log.push(...late)
    team.readAll()
  }

  #delete(name: string): void {
    const { replica, store } = this.team.of(this.maker)
    store.write(replica.write([{ space: 'secret', name, value: undefined }]).ops)
    const sealed = replica.sealNext({ entries: 1, bytes: 1 })
    store.write(sealed?.ops ?? [])
    this.team.log.push(...(sealed?.entries ?? []).map(({ body }) => body))
  }

  /** The maker's snapshot of the log up to here. */
  snapshot(): MadeSnapshot {
    const made = this.team.of(this.maker).replica.snapshots.make()
    if (made?.pos !== this.#pos) throw new TypeError('no snapshot of all of it')
    return made
  }

  /** Somebody writes on; then the witness names the snapshot. Gives the place of the link in the log. */
  confirm({ signed }: MadeSnapshot): { readonly pos: number; readonly before: readonly Bytes[] } {
    const { team, maker, witness } = this
    team.write(maker, 'name-1', 'after the snapshot')
    team.readAll()
    const before = [...team.log]
    const action = team.of(witness).replica.snapshots.confirm(signed)
    if (action === undefined) throw new TypeError('not confirmed')
    team.link(witness, () => ({ action }))
    const pos = team.log.length
    team.write(witness, 'name-2', 'after the checkpoint')
    team.readAll()
    return { pos, before }
  }

  /** A device that has read what is given, and no more. */
  at(name: string, log: readonly Bytes[]): TestDevice {
    const as = `${name} at ${log.length}`
    this.team.anew(name, as)
    this.team.read(as, log)
    const one = this.team.of(as)
    this.team.devices.delete(as)
    return one
  }
}
