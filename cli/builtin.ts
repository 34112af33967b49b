// Node's own modules that few commands need and every start would load: 4 ms of 50.

type Lazy = 'node:child_process' | 'node:crypto'

/** One of them, loaded at the first call. */
export function builtin<M extends Lazy>(name: M): ReturnType<typeof process.getBuiltinModule<M>> {
  return process.getBuiltinModule(name)
}
