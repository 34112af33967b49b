import { CofferError } from '../../../shared/errors.js'
import type { Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import type { Verified } from '../../core/vault/verify.js'
import type { VaultShell } from '../../vault/shell.js'
import { lockedMeanwhile } from '../../vault/vault-store.js'
import { refOf, vaultName } from '../place.js'
import type { Progress } from '../relay.js'
import type { Session } from '../session.js'

/** So long (ms) nobody else gets a turn. */
const TURN = 10

/** Says in which vault something failed. */
function inVault(name: string, error: unknown): unknown {
  if (!(error instanceof CofferError)) return error
  const { code, message, reason, next } = error
  return new CofferError(code, `${name}: ${message}`, {
    ...(reason === undefined ? {} : { reason }),
    ...(next === undefined ? {} : { next }),
  })
}

async function verifyVault(
  session: Session,
  { replica }: VaultShell,
  tell: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Verified> {
  const { world, ended } = session
  const verification = replica.verification()
  const steps = verification.steps()
  let began = world.now()
  for (let done = 0; ; done++) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (world.now() < began + TURN) continue
    tell(done, verification.total)
    await new Promise<void>((resolve) => {
      world.after(0, resolve)
    })
    // Keys that were wiped meanwhile would look like false ones.
    if (ended.aborted) throw lockedMeanwhile()
    if (signal.aborted) throw new CofferError('cancelled', 'the caller has gone')
    began = world.now()
  }
}

/**
 * Checks every vault again from what is on disk.
 * @throws CofferError `tampering` naming the first thing that fails; `storage` for a vault that can't be read
 */
export async function verifyAll(
  session: Session,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'verify'>> {
  const vaults: Result<'verify'>['vaults'][number][] = []
  const warnings: Warning[] = []
  let before = 0
  for (const { vaultId, shell, failure } of session.vaults.all()) {
    const [vault, name] = [refOf(session, vaultId), vaultName(session, vaultId)]
    if (vault === undefined || name === undefined) continue
    if (failure !== undefined) throw inVault(name, failure)
    if (shell?.replica.membership === undefined || session.loading.has(vaultId)) {
      warnings.push({ code: 'loading', message: `${name} is still loading: it was not checked` })
      continue
    }
    const tell = (done: number, total: number): void =>
      progress('verifying', before + done, before + total)
    try {
      const verified = await verifyVault(session, shell, tell, signal)
      vaults.push({ vault, ...verified })
      before += verified.links + verified.changesets
    } catch (error) {
      throw inVault(name, error)
    }
  }
  return { vaults, warnings: warnings.slice(0, 100) }
}
