import { BACKUPS } from './attacks-backup.js'
import { BRANCHED } from './attacks-branches.js'
import { BYTES } from './attacks-bytes.js'
import { CUTS } from './attacks-cuts.js'
import { FORKED } from './attacks-forks.js'
import { KEYS } from './attacks-keys.js'
import { LOCAL } from './attacks-local.js'
import { MACHINE } from './attacks-machine.js'
import { MEMBERS } from './attacks-members.js'
import { PLACES } from './attacks-places.js'
import { RELAY } from './attacks-relay.js'
import { RUNNERS } from './attacks-runner.js'
import { TRUST } from './attacks-trust.js'
import { WIRE } from './attacks-wire.js'
import { placeOf } from './lines.js'
import type { Mutation } from './mutation.js'

/** All guards that can be taken out, by attack. */
export const MUTATIONS: readonly Mutation[] = [
  ...PLACES,
  ...BRANCHED,
  ...BYTES,
  ...RELAY,
  ...WIRE,
  ...MEMBERS,
  ...KEYS,
  ...CUTS,
  ...FORKED,
  ...MACHINE,
  ...LOCAL,
  ...TRUST,
  ...RUNNERS,
  ...BACKUPS,
].toSorted((a, b) => placeOf(a.attack) - placeOf(b.attack))
