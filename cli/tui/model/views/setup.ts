import { stepCount, type SetupState } from '../screens/setup-steps.js'
import type { World } from '../world.js'
import { BLANK, line, span, widthOf, wrapped, type Line } from './line.js'
import { dialogBox } from './overlays.js'
import type { Size } from './size.js'

export function setupView(screen: SetupState, world: World, size: Size): readonly Line[] {
  const { dialog, step, way } = screen
  const below = belowLines(screen, size.width)
  const count = span(`${stepCount(step, way)}  `, 'dim')
  const roomy = size.height > 10
  const gap = roomy ? [BLANK] : []
  if (dialog === undefined) {
    const head: Line = { spans: [count, span("This device's fingerprint", 'strong')] }
    return [head, ...waitingLines(screen, world, size), ...below].slice(0, size.height)
  }
  const height = Math.max(1, size.height - 1 - 2 * gap.length - below.length)
  const { title, lines } = dialogBox(dialog, { width: size.width, height })
  const head: Line = { spans: [count, span(title, 'strong')] }
  return [head, ...gap, ...lines, ...gap, ...below].slice(0, size.height)
}

function belowLines({ busy, problem }: SetupState, width: number): readonly Line[] {
  if (busy !== undefined) return [line(span(busy, 'accent'))]
  if (problem === undefined) return []
  return wrapped(`! ${problem}`, width).map((one) => line(span(one, 'bad')))
}

/** What the other device is told, as large as there is room for. */
function waitingLines(
  { fingerprint = '' }: SetupState,
  { reader }: World,
  { width, height }: Size,
): readonly Line[] {
  const command = `coffer device confirm ${fingerprint}`
  const where = 'On the device that made the code, once it shows the same:'
  const said = (text: string, look: 'plain' | 'strong'): readonly Line[] =>
    wrapped(text, width).map((one) => line(span(one, look)))
  if (height < 12 || reader) {
    return [line(span(`  ${fingerprint}`, 'strong')), ...said(command, 'plain')]
  }
  const rule = '─'.repeat(widthOf(fingerprint) + 6)
  return [
    BLANK,
    line(span(`┌${rule}┐`, 'accent')),
    { spans: [span('│   ', 'accent'), span(fingerprint, 'strong'), span('   │', 'accent')] },
    line(span(`└${rule}┘`, 'accent')),
    BLANK,
    ...said(where, 'plain'),
    line(span(`  ${command}`, 'strong')),
    ...said('or there in this interface: people (3).', 'plain'),
    BLANK,
  ]
}
