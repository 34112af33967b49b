/** Probabilities of misbehaviour, for each occasion. */
export type Faults = {
  /** A reply never arrives; the work was done. */
  readonly loseReply: number
  /** An append is acknowledged and not stored. */
  readonly falseAck: number
  /** After a false acknowledgement everybody is thrown off, as by a crash. */
  readonly crashAfterLie: number
  readonly dropPush: number
  readonly doublePush: number
  readonly swapPush: number
  /** A request is refused as busy. */
  readonly busy: number
  /** Something of a removed member's that an honest relay refuses is put into the log all the same. */
  readonly collude: number
}

export const HONEST: Faults = {
  loseReply: 0,
  falseAck: 0,
  crashAfterLie: 0,
  dropPush: 0,
  doublePush: 0,
  swapPush: 0,
  busy: 0,
  collude: 0,
}

/** What goes wrong in a run; the seed draws one. */
export const PROFILES = {
  /** Only what any network does: cuts, delays, lost replies; and devices that die. */
  honest: {},
  /** Pushes that are lost, doubled, swapped. */
  garbled: { dropPush: 0.1, doublePush: 0.2, swapPush: 0.15 },
  /** Acknowledges what it doesn't store. */
  lying: { falseAck: 0.2, crashAfterLie: 0.4 },
  /** Goes back to backups, and says so. */
  restored: {},
  /** Goes back to backups, and doesn't say so, lies otherwise, too, and takes from removed members what it shouldn't. */
  hostile: {
    falseAck: 0.1,
    crashAfterLie: 0.3,
    dropPush: 0.05,
    doublePush: 0.1,
    swapPush: 0.05,
    collude: 0.8,
  },
} as const satisfies Record<string, Partial<Faults>>
export type Profile = keyof typeof PROFILES
