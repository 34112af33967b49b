import { CofferError } from '../../../shared/errors.js'

// The person's own editor, on a file in memory that ends with it.

export type Editing = {
  /** What the editor left; undefined when it ended with a failure or changed nothing. @throws CofferError */
  readonly done: Promise<string | undefined>
  /** Ends the editor and takes its file away. */
  readonly stop: () => void
}

export function edited(_what: {
  readonly env: NodeJS.ProcessEnv
  readonly name: string
  readonly text: string
}): Editing {
  return {
    done: Promise.reject(new CofferError('internal', 'no editor yet')),
    stop: () => undefined,
  }
}
