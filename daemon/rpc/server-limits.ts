import { LIMITS } from '../../shared/limits.js'

/** The caps of shared/limits.ts that tests lower. */
export type ServerLimits = {
  readonly line: number
  readonly connections: number
  readonly inflight: number
  readonly partial: number
  readonly queue: number
  readonly requestTime: number
  readonly writeTime: number
}

export const SERVER_LIMITS: ServerLimits = {
  line: LIMITS.localLine,
  connections: LIMITS.localConnections,
  inflight: LIMITS.localInflight,
  partial: LIMITS.localPartial,
  queue: LIMITS.subscriberQueue,
  requestTime: LIMITS.localRequestTime,
  writeTime: LIMITS.localWriteTime,
}
