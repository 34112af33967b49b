/** A token bucket, refilled by the injected clock. `tokens` may go below zero down to minus `burst`. */
export type Bucket = { readonly tokens: number; readonly at: number }

export type Rate = {
  /** Tokens a second. */
  readonly perSecond: number
  readonly burst: number
}

/** A full bucket at time `now` (milliseconds). */
export function fullBucket(rate: Rate, now: number): Bucket {
  return { tokens: rate.burst, at: now }
}

export type Taken =
  | { readonly bucket: Bucket; readonly verdict: 'granted' }
  /** Refused; `wait` milliseconds until the same cost would be granted. */
  | { readonly bucket: Bucket; readonly verdict: 'refused'; readonly wait: number }
  /** Refused so often without waiting that the debt is as large as the burst: no honest client does that. */
  | { readonly bucket: Bucket; readonly verdict: 'abuse' }

/** Takes `cost` tokens at time `now`. A refusal costs as well, so that asking again and again isn't free. */
export function take(bucket: Bucket, rate: Rate, now: number, cost: number): Taken {
  const elapsed = Math.max(0, now - bucket.at)
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsed * rate.perSecond) / 1000)
  if (tokens >= cost || tokens >= rate.burst) {
    return { bucket: { tokens: tokens - cost, at: now }, verdict: 'granted' }
  }
  const left = tokens - 1
  if (left <= -rate.burst) return { bucket: { tokens: left, at: now }, verdict: 'abuse' }
  const wait = Math.ceil(((Math.min(cost, rate.burst) - left) * 1000) / rate.perSecond)
  return { bucket: { tokens: left, at: now }, verdict: 'refused', wait }
}
