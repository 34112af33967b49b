import type { Look } from '../model/views/line.js'

// How looks appear. Blue, cyan and yellow are told apart by everybody; whatever a look means, a sign or word says, too.

export type TextProps = {
  readonly color?: string
  readonly bold?: boolean
  readonly dimColor?: boolean
  readonly inverse?: boolean
}
type Theme = { readonly [L in Look]: TextProps }

const COLOURS: Theme = {
  plain: {},
  dim: { dimColor: true },
  strong: { bold: true },
  accent: { color: 'cyan' },
  good: { color: 'blueBright' },
  bad: { color: 'yellow', bold: true },
  cursor: { inverse: true },
}

const NONE: Theme = { ...COLOURS, accent: {}, good: {}, bad: { bold: true } }

export function theme(colour: boolean): Theme {
  return colour ? COLOURS : NONE
}
