import { Box, Text } from 'ink'
import { memo, type ReactNode } from 'react'
import type { Line } from '../model/views/line.js'
import { theme } from './theme.js'

type RowProps = { readonly line: Line; readonly colour: boolean; readonly reader: boolean }

/** One line of a screen, in one line of the terminal. */
export const Row = memo(function Row({ line, colour, reader }: RowProps): ReactNode {
  const looks = theme(colour)
  const text = (
    <Text wrap="truncate-end">
      {line.spans.length === 0
        ? ' '
        : line.spans.map(({ text, look }, i) => (
            <Text key={i} {...looks[look]}>
              {text}
            </Text>
          ))}
    </Text>
  )
  if (!reader || line.chosen === undefined) return text
  return (
    <Box aria-role="listitem" aria-state={{ selected: line.chosen }}>
      {text}
    </Box>
  )
})

export function Rows({
  lines,
  ...rest
}: Omit<RowProps, 'line'> & { lines: readonly Line[] }): ReactNode {
  return lines.map((line, i) => <Row key={i} line={line} {...rest} />)
}
