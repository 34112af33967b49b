import { byKeyFile, type UnlockState } from '../screens/unlock.js'
import type { World } from '../world.js'
import { BLANK, clipped, line, span, typedSpans, wrapped, type Line } from './line.js'
import type { Size } from './size.js'

export function unlockView(
  screen: UnlockState,
  world: World,
  { width, height }: Size,
): readonly Line[] {
  const { field, deriving, problem } = screen
  const home = world.status?.home
  const below = deriving
    ? [line(span('deriving the key… (a second or two)', 'accent'))]
    : (problem === undefined ? [] : wrapped(`! ${problem}`, width)).map((one) =>
        line(span(one, 'bad')),
      )
  const label = 'passphrase  '
  const asked: Line = byKeyFile(world)
    ? line(span('A key file opens it: press enter.'))
    : {
        spans: [
          span(label, 'strong'),
          ...(deriving ? [] : typedSpans(field, true, width - label.length - 1)),
        ],
      }
  const lines = [
    line(span('This home is locked.', 'strong')),
    ...(home === undefined ? [] : [line(span(clipped(home, width), 'dim'))]),
    ...(height > below.length + 3 ? [BLANK] : []),
    asked,
    ...below,
  ]
  return lines.slice(0, height)
}
