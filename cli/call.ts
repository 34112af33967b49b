/** Arguments and options of one call, as parsed. */
export type Call = {
  readonly args: readonly string[]
  /** The value of an option by its long name (`key-file`). */
  readonly text: (option: string) => string | undefined
  /** All values of an option that adds up. */
  readonly list: (option: string) => readonly string[]
  readonly flag: (option: string) => boolean
}
