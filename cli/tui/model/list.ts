// A list of which one line is chosen, and a window on it: at most as many lines as there is room for are ever drawn.

export type ListState = {
  /** The chosen line. */
  readonly at: number
  /** The first line shown. */
  readonly top: number
}

export const TOP: ListState = { at: 0, top: 0 }

/** Keeps the choice within `count` lines and the window around it. @param height lines that there is room for */
export function fit(list: ListState, count: number, height: number): ListState {
  const at = Math.max(0, Math.min(list.at, count - 1))
  const room = Math.max(1, height)
  const last = Math.max(0, count - room)
  const top = Math.max(0, Math.min(list.top, at, last))
  return { at, top: at >= top + room ? at - room + 1 : top }
}

/** What a key that moves does to the choice; undefined when it doesn't move. */
export function move(
  list: ListState,
  key: string,
  count: number,
  height: number,
): ListState | undefined {
  const page = Math.max(1, height - 1)
  const steps: { readonly [key: string]: number } = {
    up: -1,
    k: -1,
    'ctrl-p': -1,
    down: 1,
    j: 1,
    'ctrl-n': 1,
    'page-up': -page,
    'page-down': page,
    home: -count,
    g: -count,
    end: count,
    G: count,
  }
  const step = Object.hasOwn(steps, key) ? steps[key] : undefined
  return step === undefined ? undefined : fit({ ...list, at: list.at + step }, count, height)
}

/** The lines of a window, with their places in the whole. */
export function windowed<T>(
  list: ListState,
  all: readonly T[],
  height: number,
): { readonly item: T; readonly index: number }[] {
  const { top } = fit(list, all.length, height)
  return all.slice(top, top + Math.max(1, height)).map((item, i) => ({ item, index: top + i }))
}
