import { Box, Text, useInput } from 'ink'
import { Component, type ReactNode } from 'react'
import type { AppEvent } from '../model/event.js'
import { topOf, type State } from '../model/state.js'
import { alarmLine, footerLine, headerLine, noteLines, viewSize } from '../model/views/frame.js'
import { line, span } from '../model/views/line.js'
import { overlayBox } from '../model/views/overlays.js'
import { viewOf } from '../model/views/table.js'
import { isFramed, overlayColumns, overlaySize } from '../model/world.js'
import type { KeyReader } from './keys.js'
import { Row, Rows } from './rows.js'

type AppProps = {
  readonly state: State
  readonly keys: KeyReader
  readonly dispatch: (event: AppEvent) => void
}

/** Everything on the screen, from the state alone. */
export function App({ state, keys, dispatch }: AppProps): ReactNode {
  useInput((input, key) => {
    for (const event of keys.read(input, key)) dispatch(event)
  })
  const { columns, rows, colour, reader } = state.world
  const look = { colour, reader }
  const alarm = alarmLine(state)
  const rule = reader ? '' : '─'.repeat(columns)
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Row line={headerLine(state)} {...look} />
      {alarm === undefined ? null : <Row line={alarm} {...look} />}
      <Row line={line(span(rule, 'dim'))} {...look} />
      <Box flexDirection="column" flexGrow={1}>
        <Body state={state} />
      </Box>
      <Rows lines={noteLines(state)} {...look} />
      <Row line={footerLine(state)} {...look} />
    </Box>
  )
}

function Body({ state }: { readonly state: State }): ReactNode {
  const { world, overlay } = state
  const { colour, reader } = world
  const look = { colour, reader }
  if (overlay === undefined) {
    return <Rows lines={viewOf(topOf(state).screen, world, viewSize(state))} {...look} />
  }
  const { title, lines } = overlayBox(state, overlay, overlaySize(world))
  const inside = (
    <>
      <Row line={line(span(title, 'strong'))} {...look} />
      <Rows lines={lines} {...look} />
    </>
  )
  if (!isFramed(world)) return inside
  return (
    <Box
      flexDirection="column"
      borderStyle="round"
      paddingX={1}
      flexShrink={0}
      width={overlayColumns(world)}
    >
      {inside}
    </Box>
  )
}

type BoundaryProps = {
  readonly children: ReactNode
  readonly failed: (error: unknown) => void
}

/** Ink would print a failed component's message and source: whatever is in them, nobody shall see. */
export class Boundary extends Component<BoundaryProps, { readonly failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true }
  }

  override componentDidCatch(error: unknown): void {
    this.props.failed(error)
  }

  override render(): ReactNode {
    return this.state.failed ? <Text> </Text> : this.props.children
  }
}
