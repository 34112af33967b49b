import { FILE as BACKUP, backupJson } from './backup.js'
import { FILE as BUNDLES, bundlesJson } from './bundles.js'
import { chainJson, makeChain, type Chain } from './chain.js'
import { FILE as FORKS, forksJson } from './forks.js'
import { historyJson, makeHistory, type Builder } from './history.js'
import { localJson, PASSPHRASE } from './local.js'
import { logJson } from './log.js'
import { FrozenWraps, unhex, type Json } from './people.js'
import { refusedOfTeam } from './refused-team.js'
import { removalsJson } from './removals.js'
import { makeTeam } from './team.js'
import { refusedLinks, refusedWraps } from './refused-links.js'
import {
  refusedChangesets,
  refusedCodes,
  refusedHeads,
  refusedKeystores,
  refusedPaddings,
  refusedParts,
} from './refused-content.js'
import { refusedEncodings, type Refused } from './refused.js'
import { primitivesJson } from './primitives.js'
import { FILE as SEALED, sealedJson } from './sealed.js'
import { FILE as SNAPSHOTS, snapshotsJson } from './snapshots.js'

/** Everything that must be refused, but for keystores. */
export function refusedCases(chain: Chain, history: Builder, frozen: FrozenWraps): Refused[] {
  return [
    ...refusedEncodings(chain),
    ...refusedLinks(chain),
    ...refusedWraps(chain, frozen),
    ...refusedChangesets(chain, history),
    ...refusedParts(history),
    ...refusedPaddings(),
    ...refusedHeads(chain, history),
    ...refusedCodes(chain),
  ]
}

/** What tables of wraps were made before. */
export type Frozen = { readonly wraps: FrozenWraps; readonly team: FrozenWraps }

export function readFrozen(): Frozen {
  return { wraps: FrozenWraps.read(), team: FrozenWraps.read('removal-wraps.json') }
}

/** Every file of vectors by its name. */
export async function files({
  wraps: frozen,
  team: tables,
}: Frozen): Promise<Readonly<Record<string, Json>>> {
  const chain = makeChain(frozen)
  const history = makeHistory(chain)
  const team = makeTeam(tables)
  const local = await localJson()
  const keystores = refusedKeystores(unhex(local.passphrase.keystore), PASSPHRASE)
  return {
    'primitives.json': primitivesJson(),
    'chain.json': chainJson(chain),
    'history.json': historyJson(chain, history),
    'log.json': logJson(chain, history),
    [FORKS]: forksJson(chain),
    [SEALED]: sealedJson(),
    [BUNDLES]: bundlesJson(),
    [BACKUP]: backupJson(),
    [SNAPSHOTS]: snapshotsJson(),
    'local.json': local,
    'refused.json': [...refusedCases(chain, history, frozen), ...keystores],
    'wraps.json': frozen.tables,
    'removals.json': removalsJson(team),
    'refused-removals.json': refusedOfTeam(team, tables),
    'removal-wraps.json': tables.tables,
  }
}
