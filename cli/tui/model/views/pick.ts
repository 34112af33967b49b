import { hits } from '../filter.js'
import { windowed } from '../list.js'
import { pickHeight, type PickState } from '../pick.js'
import { clipped, fitted, line, row, span, typedSpans, widthOf, type Line } from './line.js'
import { highlighted } from './secrets.js'

/** The whole picker: the query, the names that fit, the keys. */
export function pickView(state: PickState): readonly Line[] {
  const { found, list, columns } = state
  const names = windowed(list, found.names, pickHeight(state)).map(({ item, index }) =>
    nameLine(state, item, index === list.at, columns),
  )
  const none = found.total === 0 ? [line(span('  no name fits', 'dim'))] : []
  return [queryLine(state), ...names, ...none, keysLine(columns)]
}

function queryLine({ query, found, index, columns }: PickState): Line {
  const total = index.names.length
  const count = query.text.trim() === '' ? `${total}` : `${found.total} of ${total}`
  const counted = `  ${count}`
  const typed = typedSpans(query, false, Math.max(4, columns - widthOf(counted) - 2))
  return { spans: [span('> ', 'accent'), ...typed, span(counted, 'dim')] }
}

function nameLine({ query }: PickState, name: string, chosen: boolean, columns: number): Line {
  const look = chosen ? 'strong' : 'plain'
  return row(chosen, highlighted(fitted(name, columns - 2), hits(name, query.text), look))
}

function keysLine(columns: number): Line {
  return line(span(clipped('enter chooses · ↑ ↓ move · esc cancels', columns), 'dim'))
}
