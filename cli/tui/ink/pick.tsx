import { Box, useInput } from 'ink'
import type { ReactNode } from 'react'
import type { AppEvent } from '../model/event.js'
import type { PickState } from '../model/pick.js'
import { pickView } from '../model/views/pick.js'
import type { KeyReader } from './keys.js'
import { Rows } from './rows.js'

type PickAppProps = {
  readonly state: PickState
  readonly keys: KeyReader
  readonly colour: boolean
  readonly reader: boolean
  readonly dispatch: (event: AppEvent) => void
}

/** The picker, from its state alone. */
export function PickApp({ state, keys, colour, reader, dispatch }: PickAppProps): ReactNode {
  useInput((input, key) => {
    for (const event of keys.read(input, key)) dispatch(event)
  })
  const { columns, rows } = state
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Rows lines={pickView(state)} colour={colour} reader={reader} />
    </Box>
  )
}
