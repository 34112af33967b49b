import { Buffer } from 'node:buffer'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Session } from '../session.js'

// Values of many secrets, for files and programs that are made of them.

type Row = Result<'secretReadMany'>['secrets'][number]
/** One secret with its bytes. */
export type ReadSecret = Omit<Row, 'value'> & { readonly bytes: Buffer }
export type ReadMany = {
  readonly secrets: readonly ReadSecret[]
  /** Names that aren't there, with what to say of them. */
  readonly missing: Result<'secretReadMany'>['missing']
  /** References of secrets that only their runners open. */
  readonly sealed: readonly string[]
}
type What = Omit<Params<'secretReadMany'>, 'context' | 'after'>

/**
 * The values of `names`, or of everything under `prefix`, page by page; the daemon's warnings go to stderr. What one page
 * found missing or sealed is so, whatever came of it meanwhile: each name has its row, or is named there.
 * @throws CofferError what the daemon answers
 */
export async function readMany(
  session: Session,
  what: What,
  context: Params<'secretReadMany'>['context'] = session.context,
): Promise<ReadMany> {
  const secrets: ReadSecret[] = []
  const missing = new Map<string, ReadMany['missing'][number]>()
  const sealed = new Set<string>()
  let after: string | undefined
  for (;;) {
    const answer: Result<'secretReadMany'> = await session.call('secretReadMany', {
      ...what,
      context,
      ...(after === undefined ? {} : { after }),
    })
    for (const { value, ...rest } of answer.secrets) {
      secrets.push({ ...rest, bytes: Buffer.from(value, 'base64') })
    }
    for (const one of answer.missing) missing.set(one.asked, one)
    for (const one of answer.sealed) sealed.add(one)
    if (answer.next === null)
      return { secrets, missing: [...missing.values()], sealed: [...sealed] }
    after = answer.next
  }
}
