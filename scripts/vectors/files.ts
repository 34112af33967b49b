import { chainJson, makeChain, type Chain } from './chain.js'
import { historyJson, makeHistory, type Builder } from './history.js'
import { localJson, PASSPHRASE } from './local.js'
import { logJson } from './log.js'
import { unhex, type FrozenWraps, type Json } from './people.js'
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

/** Every file of vectors by its name. */
export async function files(frozen: FrozenWraps): Promise<Readonly<Record<string, Json>>> {
  const chain = makeChain(frozen)
  const history = makeHistory(chain)
  const local = await localJson()
  const keystores = refusedKeystores(unhex(local.passphrase.keystore), PASSPHRASE)
  return {
    'primitives.json': primitivesJson(),
    'chain.json': chainJson(chain),
    'history.json': historyJson(chain, history),
    'log.json': logJson(chain, history),
    'local.json': local,
    'refused.json': [...refusedCases(chain, history, frozen), ...keystores],
    'wraps.json': frozen.tables,
  }
}
