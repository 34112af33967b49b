import { renderUnicodeCompact } from 'uqr'
import { actions, matching } from '../actions.js'
import { isUnread } from '../attention.js'
import { applicable, FRAME_KEYS } from '../commands.js'
import type { Dialog } from '../dialog.js'
import { keyLabel } from '../key.js'
import { windowed } from '../list.js'
import { topOf, type Overlay, type State } from '../state.js'
import {
  BLANK,
  clipped,
  clippedSpans,
  columns,
  line,
  row,
  span,
  typedSpans,
  widthOf,
  wrapped,
  type Line,
} from './line.js'
import type { Size } from './size.js'

// What stands in place of a screen: dialogs, the palette, help.

export type Box = { readonly title: string; readonly lines: readonly Line[]; readonly keys: Line }

/** In place of keys that aren't taken yet. */
const NO_KEYS_YET = line(span('…', 'dim'))

export function overlayBox(state: State, overlay: Overlay, size: Size): Box {
  const box = boxOf(state, overlay, size)
  const lines = box.lines.map((one) => ({ ...one, spans: clippedSpans(one.spans, size.width) }))
  return { ...box, title: clipped(box.title, size.width), lines }
}

function boxOf(state: State, overlay: Overlay, size: Size): Box {
  switch (overlay.kind) {
    case 'dialog': {
      const box = dialogBox(overlay.dialog, size)
      return isUnread(state.world, overlay) ? { ...box, keys: NO_KEYS_YET } : box
    }
    case 'palette':
      return paletteBox(state, overlay, size)
    case 'help':
      return helpBox(state, overlay.top, size)
  }
}

function keysLine(...pairs: readonly (readonly [string, string])[]): Line {
  return {
    spans: pairs.flatMap(([key, label]) => [span(key, 'strong'), span(` ${label}  `, 'dim')]),
  }
}

/** A dialog's title, lines and keys: where it stands over a screen, or as a step of one. */
export function dialogBox(dialog: Dialog, size: Size): Box {
  const { title } = dialog
  const said = (lines: readonly string[]): Line[] =>
    lines.flatMap((one) =>
      wrapped(one, size.width).map((part) => (part === '' ? BLANK : line(part))),
    )
  switch (dialog.kind) {
    case 'confirm': {
      const lines = said(dialog.lines)
      return {
        title,
        lines: windowed({ at: dialog.top, top: dialog.top }, lines, size.height).map(
          ({ item }) => item,
        ),
        keys: keysLine(['y', dialog.yes], ['esc', 'cancel'], ...more(lines, size)),
      }
    }
    case 'form':
      return {
        title,
        lines: formLines(dialog, said(dialog.lines), size),
        keys: keysLine(['enter', dialog.submit], ['tab', 'next'], ['esc', 'cancel']),
      }
    case 'choice': {
      const { choices, list } = dialog
      const lines = windowed(list, choices, size.height).map(({ item, index }) =>
        row(index === list.at, [
          span(item.label),
          span(item.hint === undefined ? '' : `  ${item.hint}`, 'dim'),
        ]),
      )
      return { title, lines, keys: keysLine(['enter', 'choose'], ['esc', 'cancel']) }
    }
    case 'text':
      return textBox(dialog, said(dialog.lines), size)
  }
}

function more(lines: readonly Line[], { height }: Size): readonly (readonly [string, string])[] {
  return lines.length > height ? [['↓', 'more']] : []
}

function formLines(
  dialog: Extract<Dialog, { kind: 'form' }>,
  said: readonly Line[],
  size: Size,
): readonly Line[] {
  const wide = Math.max(...dialog.fields.map(({ label }) => widthOf(label)))
  const fields = dialog.fields.flatMap((one, i) => {
    const here = i === dialog.at
    const label = one.label.padEnd(wide)
    const typed = here
      ? one.choices === undefined
        ? typedSpans(one.field, one.secret === true, size.width - wide - 4)
        : [span(`‹ ${one.field.text} ›`, 'strong')]
      : [span(one.secret === true ? '•'.repeat(Array.from(one.field.text).length) : one.field.text)]
    const hint = here && one.hint !== undefined ? [line(span(`  ${one.hint}`, 'dim'))] : []
    return [row(here, [span(`${label}  `, here ? 'strong' : 'dim'), ...typed]), ...hint]
  })
  const problem = (dialog.problem === undefined ? [] : wrapped(`! ${dialog.problem}`, size.width))
    .slice(0, Math.max(1, size.height - 1))
    .map((one) => line(span(one, 'bad')))
  const room = Math.max(0, size.height - fields.length - problem.length - 1)
  const above = said.slice(0, room)
  // Where there are more fields than lines, those around the one at work are shown.
  const height = Math.max(1, size.height - problem.length)
  const shown = windowed({ at: dialog.at + (height > 1 ? 1 : 0), top: 0 }, fields, height).map(
    ({ item }) => item,
  )
  return [...above, ...(above.length > 0 ? [BLANK] : []), ...shown, ...problem]
}

/** A code as squares, where the window has room for all of them: half a code is none. */
export function qrLines(code: string, { width, height }: Size): readonly string[] | undefined {
  const lines = renderUnicodeCompact(code, { ecc: 'L', border: 1 }).split('\n')
  return lines.length <= height && widthOf(lines[0] ?? '') <= width ? lines : undefined
}

function textBox(
  dialog: Extract<Dialog, { kind: 'text' }>,
  said: readonly Line[],
  size: Size,
): Box {
  const { title, code, top } = dialog
  const qr =
    code === undefined
      ? undefined
      : qrLines(code, { width: size.width, height: size.height - said.length })
  const squares = (qr ?? []).map((one) => line(one))
  const small =
    code !== undefined && qr === undefined
      ? [line(span('(a larger window shows it as a QR code)', 'dim'))]
      : []
  const lines = [...said, ...squares, ...small]
  return {
    title,
    lines: windowed({ at: top, top }, lines, size.height).map(({ item }) => item),
    keys: keysLine(
      ['enter', 'close'],
      ...(code === undefined ? [] : [['y', 'copy the code'] as const]),
      ...more(lines, size),
    ),
  }
}

function paletteBox(
  state: State,
  { query, list }: Extract<Overlay, { kind: 'palette' }>,
  size: Size,
): Box {
  const found = matching(actions({ ...state, overlay: undefined }), query.text)
  const rows = windowed(list, found, size.height - 1).map(({ item, index }) =>
    row(
      index === list.at,
      columns(
        {
          text: item.label,
          width: Math.max(10, size.width - 14),
          look: index === list.at ? 'strong' : 'plain',
        },
        { text: item.keys.map(keyLabel).join(' '), width: 11, look: 'dim' },
      ),
    ),
  )
  const none = rows.length === 0 ? [line(span('nothing fits', 'dim'))] : []
  const top: Line = { spans: [span(': ', 'accent'), ...typedSpans(query, false, size.width - 2)] }
  return {
    title: 'do',
    lines: [top, ...rows, ...none],
    keys: keysLine(['enter', 'do it'], ['esc', 'cancel']),
  }
}

/** The frame's own keys, for help. */
const OWN: readonly (readonly [readonly string[], string])[] = [
  [['↑', '↓', 'j', 'k', 'pgup', 'pgdn', 'g', 'G'], 'move'],
  [FRAME_KEYS.palette, 'everything that can be done, by typing'],
  [FRAME_KEYS.help, 'this help'],
  [FRAME_KEYS.redraw, 'draw the screen anew'],
  [FRAME_KEYS.suspend, 'suspend'],
  [FRAME_KEYS.quit, 'leave'],
]

function helpBox(state: State, top: number, size: Size): Box {
  const rows = [
    ...applicable(topOf(state), state).map(({ keys, help }) => [keys, help] as const),
    ...OWN,
  ]
  const lines = rows.map(([keys, help]) =>
    line(
      ...columns(
        { text: keys.map(keyLabel).join(' '), width: 16, look: 'strong' },
        { text: help, width: Math.max(10, size.width - 18) },
      ),
    ),
  )
  const from = Math.min(top, Math.max(0, lines.length - size.height))
  return {
    title: 'keys',
    lines: lines.slice(from, from + size.height),
    keys: keysLine(['esc', 'close'], ['↓', 'more']),
  }
}
