// A key press as the model knows it, whatever bytes a terminal sent for it.

export type Key = {
  /** `up`, `enter`, `esc`, `tab`, `shift-tab`, `ctrl-p`, `alt-b`, …, or the character itself: `a`, `A`, `?`, `space`. */
  readonly name: string
  /** What it types: '' for keys that type nothing. */
  readonly text: string
}

/** How a key is shown to people. */
export function keyLabel(name: string): string {
  return LABELS[name] ?? name.replace(/^ctrl-/, '^')
}

const LABELS: { readonly [name: string]: string } = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  enter: 'enter',
  'page-up': 'pgup',
  'page-down': 'pgdn',
}

/** A key that types a character. */
export function typed(text: string): Key {
  return { name: text === ' ' ? 'space' : text, text }
}

/** A key that types nothing. */
export function named(name: string): Key {
  return { name, text: '' }
}
