import { Buffer } from 'node:buffer'
import type { PlainExec } from '../../shared/protocol/plain.js'
import { endLike, forwardSignals, startChild, type Started } from './child.js'
import { cleanEnvironment } from './clean-env.js'
import { maskOutput } from './masked-output.js'
import { PlacedFiles, type FileOrder } from './placed-files.js'
import { Masks } from '../redact/masker.js'

/** A command with all that it is given. */
export type Order = {
  readonly exec: PlainExec
  readonly files: readonly FileOrder[]
  readonly mask: boolean
  readonly cleanEnv: boolean
  readonly allowDisk: boolean
}

/**
 * Starts it. Its files are there before it starts and gone as it ends; when `ended` resolves, what it printed is written.
 * @throws CofferError `exists`, `refused`, `storage`
 */
export function launch(order: Order, env: NodeJS.ProcessEnv): Started {
  const { exec, mask, cleanEnv, allowDisk } = order
  const files = new PlacedFiles(order.files, { env, allowDisk })
  try {
    const output = mask ? maskOutput(new Masks(valuesOf(order))) : undefined
    const { child, ended } = startChild(exec, {
      own: cleanEnv ? cleanEnvironment(env) : env,
      ...(output === undefined ? {} : { stdio: output.stdio }),
    })
    output?.started()
    const finished = ended.then(async (ending) => {
      files.remove()
      await output?.finish()
      return ending
    })
    return { child, ended: finished }
  } catch (error) {
    files.remove()
    throw error
  }
}

/** Runs it to its end and makes this process end alike. @throws CofferError as launch */
export async function launchToEnd(order: Order, env: NodeJS.ProcessEnv): Promise<void> {
  const running: { child?: Started['child'] } = {}
  const stop = forwardSignals(() => running.child)
  try {
    const { child, ended } = launch(order, env)
    running.child = child
    // From then on a signal is coffer's own: a reader that never reads must not make it unstoppable.
    child?.once('exit', stop)
    const ending = await ended
    stop()
    endLike(ending)
  } finally {
    stop()
  }
}

function valuesOf({ exec, files }: Order): Uint8Array[] {
  const texts = Object.values(exec.environment).map((value) => Buffer.from(value))
  return [...texts, ...files.map(({ bytes }) => bytes)]
}
