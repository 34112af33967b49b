import { utf8 } from '../../../../shared/bytes.js'
import { windowed } from '../list.js'
import type { EditState } from '../screens/edit-state.js'
import { currentField, textIn } from '../text-area.js'
import type { World } from '../world.js'
import { BLANK, clipped, line, span, typedSpans, wrapped, type Line, type Span } from './line.js'
import type { Size } from './size.js'
import { MASK, tabsShown } from './value.js'

export function editView(screen: EditState, _world: World, size: Size): readonly Line[] {
  switch (screen.phase) {
    case 'naming':
      return namingLines(screen, size)
    case 'reading':
      return [line(span('reading…', 'dim'))]
    case 'closed':
      return problemLines(screen, size).slice(0, size.height)
    case 'typing':
      return [factsLine(screen, size), ...textLines(screen, size)]
  }
}

function namingLines(screen: EditState, size: Size): readonly Line[] {
  const label = 'name  '
  const lines: readonly Line[] = [
    { spans: [span(label, 'strong'), ...typedSpans(screen.naming, false, size.width - 6)] },
    line(span(clipped('folders by a slash: db/PASSWORD', size.width), 'dim')),
    ...(screen.problem === undefined ? [] : [BLANK, ...problemLines(screen, size)]),
  ]
  return lines.slice(0, size.height)
}

function problemLines({ problem = '' }: EditState, { width }: Size): readonly Line[] {
  return wrapped(`! ${problem}`, width).map((one) => line(span(one, 'bad')))
}

/** What it is, and what has to be known of it. */
function factsLine(screen: EditState, { width }: Size): Line {
  const { area, over, hidden, overtaken, sealing } = screen
  const text = textIn(area)
  const count = area.lines.length
  const facts = [
    ...(overtaken ? ['! written elsewhere since'] : []),
    over === undefined ? 'new' : 'edit',
    ...(sealing === 'no' ? [] : ['sealed']),
    ...(hidden ? ['hidden, ^r shows'] : []),
    `line ${area.row + 1} of ${count}`,
    `${utf8(text).length} bytes`,
  ].join(' · ')
  return line(span(clipped(facts, width), overtaken ? 'bad' : 'dim'))
}

function textLines(screen: EditState, size: Size): readonly Line[] {
  const { area, hidden } = screen
  const rows = windowed({ at: area.row, top: area.top }, area.lines, size.height - 1)
  return rows.map(({ item, index }) => {
    // Only the line of the cursor moves along with it; the others show their beginning.
    if (index === area.row) {
      const field = currentField(area)
      const seen = { ...field, text: tabsShown(field.text) }
      return { spans: typedSpans(seen, hidden, size.width), chosen: true }
    }
    return { spans: [otherLine(item, hidden, size.width)] }
  })
}

function otherLine(text: string, hidden: boolean, width: number): Span {
  if (text === '') return span(' ')
  return hidden ? span(clipped(MASK, width), 'dim') : span(clipped(tabsShown(text), width))
}
