import { CofferError } from '../../shared/errors.js'
import {
  isMethod,
  METHODS,
  type Method,
  type Needs,
  type Params,
  type Result,
} from '../../shared/protocol/local.js'
import type { HomeState } from '../../shared/protocol/local-common.js'
import type { Request } from '../../shared/protocol/local-wire.js'
import type { Schema } from '../../shared/protocol/schema.js'
import type { Call, DaemonHandlers } from './call.js'

/** What decides whether a method may run now: the daemon's `Access`. */
export type Gate = {
  readonly state: HomeState
  /** Throws `home` without a home. */
  readonly home: unknown
  /** Throws `home` or `locked` unless open. */
  readonly unlocked: unknown
  touch(): void
}

type Specs = {
  readonly [M in Method]: { readonly needs: Needs; readonly params: Schema<Params<M>> }
}
const SPECS: Specs = METHODS

/** Refuses what the home's state doesn't allow. @throws CofferError `home`, `locked`. */
export function permit(gate: Gate, needs: Needs): void {
  if (needs === 'home') void gate.home
  if (needs !== 'unlocked') return
  void gate.unlocked
  gate.touch()
}

function run<M extends Method>(
  handlers: DaemonHandlers,
  method: M,
  raw: unknown,
  call: Call,
): Promise<Result<M>> {
  const params = SPECS[method].params.check(raw, 'params')
  return handlers[method](params, call)
}

/**
 * Answers requests from the handler table: the method must exist, its permission is checked first, then its params'
 * schema, then it runs.
 */
export function dispatcher(
  handlers: DaemonHandlers,
  gate: Gate,
): (request: Request, call: Call) => Promise<object> {
  return async ({ method, params }, call) => {
    if (!isMethod(method)) {
      throw new CofferError('usage', 'the daemon has no such method', { reason: 'unknown-method' })
    }
    permit(gate, SPECS[method].needs)
    return run(handlers, method, params, call)
  }
}

/** The error that crosses the socket: an unexpected exception becomes `internal` without its text. */
export function asCofferError(error: unknown): CofferError {
  if (error instanceof CofferError) return error
  return new CofferError('internal', 'the daemon failed', { next: 'see coffer daemon logs' })
}
