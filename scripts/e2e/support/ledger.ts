// What was written and what was acknowledged, kept by a process that nobody kills.
import { type Client } from '../../../cli/reach/client.js'
import { type Context } from '../../../shared/protocol/local-common.js'
import { textOf } from './local.js'
import { type Seeded } from './seeded.js'

export type Write = {
  /** As typed: `/user/…`, or a name in the selected project. */
  readonly reference: string
  /** Unlike every other. */
  readonly value: string
  /** Its writer was told that it is durable on the device. */
  acknowledged: boolean
  /** A barrier that began after that said that the relay has it. */
  onRelay: boolean
}

/** The values of a name's versions, the newest first. */
export type Histories = ReadonlyMap<string, readonly string[]>

export class Ledger {
  readonly writes: Write[] = []
  readonly #random: Seeded

  constructor(random: Seeded) {
    this.#random = random
  }

  /** A write about to be sent. */
  begin(reference: string): Write {
    const value = `${this.writes.length}-${this.#random.hex(2 * this.#random.below(600))}`
    const write = { reference, value, acknowledged: false, onRelay: false }
    this.writes.push(write)
    return write
  }

  get acknowledged(): number {
    return this.writes.filter((one) => one.acknowledged).length
  }

  get onRelay(): number {
    return this.writes.filter((one) => one.onRelay).length
  }

  /** To be called before a barrier begins; what it gives is called when the barrier has succeeded. */
  barrier(): () => void {
    const before = this.writes.filter((one) => one.acknowledged)
    return () => {
      for (const write of before) write.onRelay = true
    }
  }

  /**
   * What is wrong with a device's histories: writes that count (by `must`) and aren't there, values that are there
   * twice, values that nobody wrote, and values under another name than they were written to.
   */
  complaints(found: Histories, must: (write: Write) => boolean): string[] {
    const out: string[] = []
    const written = new Map(this.writes.map((one) => [one.value, one]))
    const seen = new Map<string, string>()
    for (const [reference, values] of found) {
      for (const value of values) {
        const short = `${value.slice(0, 12)} in ${reference}`
        if (seen.has(value)) out.push(`twice: ${short}`)
        if (written.get(value)?.reference !== reference) out.push(`not written there: ${short}`)
        seen.set(value, reference)
      }
    }
    for (const write of this.writes) {
      if (!must(write) || seen.get(write.value) === write.reference) continue
      out.push(`lost: ${write.value.slice(0, 12)} of ${write.reference}`)
    }
    return out
  }
}

/** Every version of each name as a device has them. */
export async function historiesOf(
  client: Client,
  context: Context,
  names: readonly string[],
): Promise<Histories> {
  const out = new Map<string, string[]>()
  for (const name of names) {
    const { versions } = await client.call('secretHistory', { context, name })
    const values = await Promise.all(
      versions.map(({ version: { id } }) =>
        client.call('secretGet', { context, name, version: id }),
      ),
    )
    out.set(
      name,
      values.map(({ value }) => textOf(value)),
    )
  }
  return out
}
