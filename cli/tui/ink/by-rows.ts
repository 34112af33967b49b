// Stands in for Ink's composing of a frame in the bundle (scripts/tooling/bundle.ts). Ink makes an object of every cell of
// the terminal at each frame; nearly all rows here are one text, which needs none. Rows of several texts (a frame's border
// around a line) are composed by Ink itself.

type Transformer = (line: string, index: number) => string

type Write = {
  readonly type: 'write'
  readonly x: number
  readonly y: number
  readonly text: string
  readonly transformers: readonly Transformer[]
}
type Operation = Write | { readonly type: 'clip' | 'unclip' }

type Composed = { readonly output: string; readonly height: number }

/** Ink's class, as far as it matters here. */
export type Output = {
  readonly width: number
  readonly height: number
  readonly operations: readonly Operation[]
  write: (
    x: number,
    y: number,
    text: string,
    options: { readonly transformers: readonly Transformer[] },
  ) => void
  get: () => Composed
}
export type OutputClass = new (size: { readonly width: number; readonly height: number }) => Output

type Part = { readonly x: number; readonly line: string }

/** The class, composing by rows. What it gives is told apart from Ink's own by nobody who looks at a terminal. */
export function byRows(Base: OutputClass): OutputClass {
  return class extends Base {
    override get = (): Composed => {
      if (this.operations.some(({ type }) => type !== 'write')) return composed(Base, this)
      const rows = partsByRow(this)
      const lines = rows.map((parts) => rowOf(Base, this.width, parts))
      return { output: lines.join('\n'), height: this.height }
    }
  }
}

function composed(Base: OutputClass, { width, height, operations }: Output): Composed {
  const whole = new Base({ width, height })
  return Object.assign(whole, { operations }).get()
}

function partsByRow({ height, operations }: Output): readonly Part[][] {
  const rows = Array.from({ length: height }, (): Part[] => [])
  for (const operation of operations) {
    if (operation.type !== 'write') continue
    const { x, y, text, transformers } = operation
    for (const [index, plain] of text.split('\n').entries()) {
      const line = transformers.reduce((before, transform) => transform(before, index), plain)
      rows[y + index]?.push({ x, line })
    }
  }
  return rows
}

function rowOf(Base: OutputClass, width: number, parts: readonly Part[]): string {
  const [only, ...more] = parts
  if (only === undefined) return ''
  if (more.length === 0) return (' '.repeat(only.x) + only.line).trimEnd()
  const row = new Base({ width, height: 1 })
  for (const { x, line } of parts) row.write(x, 0, line, { transformers: [] })
  return row.get().output
}
