// The templates of a connector's configuration: minijinja with `${{ }}`, `${% %}` and `${# #}`, over the raw text, YAML
// comments included. Read as far as it says which secrets are meant, and rendered where that is plain.

/** A template that nothing but one secret fills. */
export type Use = { readonly name: string; readonly line: number; readonly guarded: boolean }
export type Fault = {
  readonly rule: 'template-syntax' | 'unknown-variable' | 'unclear-template'
  readonly line: number
  readonly text: string
}
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'other' }
export type Template = {
  readonly uses: readonly Use[]
  readonly faults: readonly Fault[]
  /** True when `render` does what minijinja would: texts, comments and `${{ secrets.NAME }}`, nothing else. */
  readonly plain: boolean
  readonly pieces: readonly Piece[]
}

type Tag = {
  readonly kind: '{' | '%' | '#'
  readonly body: string
  readonly end: number
  readonly trimBefore: boolean
  readonly trimAfter: boolean
}
const CLOSE = { '{': '}}', '%': '%}', '#': '#}' } as const
const NAMES = { '{': '${{', '%': '${%', '#': '${#' } as const

/** Reads all templates of a text; never throws. Takes time linear in the text's length. */
export function readTemplate(text: string): Template {
  const out = { uses: [] as Use[], faults: [] as Fault[], pieces: [] as Piece[], blocks: false }
  const lineOf = lineCounter(text)
  let at = 0
  let trim = false
  const take = (to: number, trimEnd: boolean): void => {
    let part = text.slice(at, to)
    if (trim) part = part.trimStart()
    if (trimEnd) part = part.trimEnd()
    if (part !== '') out.pieces.push({ kind: 'text', text: part })
  }
  for (;;) {
    const start = nextTag(text, at)
    if (start < 0) break
    const line = lineOf(start)
    const tag = readTag(text, start)
    if (tag === undefined) {
      const opened = NAMES[kindAt(text, start)]
      out.faults.push({ rule: 'template-syntax', line, text: `${opened} is never closed` })
      return { ...out, plain: false }
    }
    take(start, tag.trimBefore)
    trim = tag.trimAfter
    at = tag.end
    if (tag.kind === '#') continue
    const raw = tag.kind === '%' ? rawEnd(text, tag) : undefined
    if (raw === undefined) readCode(out, tag, line)
    else if (raw < 0) {
      out.faults.push({ rule: 'template-syntax', line, text: 'raw is never ended by endraw' })
      return { ...out, plain: false }
    } else at = raw
    if (tag.kind === '%') out.blocks = true
  }
  take(text.length, false)
  // Names that a block makes (set, for) are no unknown variables.
  const faults = out.blocks
    ? out.faults.filter(({ rule }) => rule !== 'unknown-variable')
    : out.faults
  const plain =
    !out.blocks && faults.length === 0 && out.pieces.every(({ kind }) => kind !== 'other')
  return { uses: out.uses, faults, pieces: out.pieces, plain }
}

/** The text as a connector gets it, with `value` for each secret. Only for a plain template. */
export function render({ pieces }: Template, value: (name: string) => string): string {
  const text = pieces
    .map((piece) => {
      if (piece.kind === 'text') return piece.text
      return piece.kind === 'secret' ? value(piece.name) : ''
    })
    .join('')
  // minijinja keeps no line end at the end of a template's own text.
  return pieces.at(-1)?.kind === 'text' ? text.replace(/\r?\n$/, '') : text
}

/** A function from positions, asked for in rising order, to line numbers. */
function lineCounter(text: string): (at: number) => number {
  let line = 1
  let counted = 0
  return (at) => {
    for (; counted < at; counted++) if (text.charCodeAt(counted) === 10) line++
    return line
  }
}

function nextTag(text: string, from: number): number {
  for (let at = from; ; at++) {
    at = text.indexOf('${', at)
    if (at < 0 || '{%#'.includes(text.charAt(at + 2) || ' ')) return at
  }
}

function kindAt(text: string, start: number): Tag['kind'] {
  const char = text.charAt(start + 2)
  return char === '%' || char === '#' ? char : '{'
}

function readTag(text: string, start: number): Tag | undefined {
  const kind = kindAt(text, start)
  const mark = text.charAt(start + 3)
  const from = start + 3 + (mark === '-' || (mark === '+' && kind !== '#') ? 1 : 0)
  const close =
    kind === '#' ? text.indexOf(CLOSE[kind], from) : closeOfCode(text, from, CLOSE[kind])
  if (close < 0) return undefined
  const last = close > from ? text.charAt(close - 1) : ''
  const marked = last === '-' || (last === '+' && kind !== '#')
  return {
    kind,
    body: text.slice(from, marked ? close - 1 : close),
    end: close + 2,
    trimBefore: mark === '-',
    trimAfter: last === '-',
  }
}

/** Where code ends: a closing mark within a string doesn't count. */
function closeOfCode(text: string, from: number, close: string): number {
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === "'" || char === '"') {
      at = endOfString(text, at)
      if (at < 0) return -1
    } else if (text.startsWith(close, at)) return at
  }
  return -1
}

function endOfString(text: string, start: number): number {
  const quote = text.charAt(start)
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (char === quote) return at
  }
  return -1
}

/** Behind `${% endraw %}` when the tag begins what isn't read at all; undefined when it doesn't, negative without end. */
function rawEnd(text: string, { body, end }: Tag): number | undefined {
  if (body.trim() !== 'raw') return undefined
  const closing = /\$\{%[-+]?\s*endraw\s*[-+]?%\}/g
  closing.lastIndex = end
  return closing.exec(text) === null ? -1 : closing.lastIndex
}

const TOKEN =
  /([A-Za-z_]\w*)|('(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*")|(\d[\w.]*)|(!=|[.,:~|=+\-*/%()[\]{}<>])|(\s+)|([^])/g
const SIMPLE = /^\s*secrets\s*(?:\.\s*[A-Za-z_]\w*|\[\s*(?:'[^'\\]*'|"[^"\\]*")\s*\])\s*$/
/** Names that minijinja knows by itself. */
const KNOWN = new Set(
  'secrets true false none True False None range dict namespace debug'.split(' '),
)

type Found = { readonly uses: Use[]; readonly faults: Fault[]; readonly pieces: Piece[] }

/** What one expression or block says of secrets. */
function readCode(out: Found, { kind, body }: Tag, line: number): void {
  const tokens = [...body.matchAll(TOKEN)].filter(([, , , , , blank]) => blank === undefined)
  const fault = (rule: Fault['rule'], text: string): void => {
    out.faults.push({ rule, line, text })
  }
  if (tokens.length === 0) fault('template-syntax', 'the template is empty')
  const strange = tokens.find((token) => token[6] !== undefined)
  if (strange !== undefined) fault('template-syntax', 'a character stands there that means nothing')
  const guarded = tokens.some(([, word]) => /^(default|d|defined|undefined)$/.test(word ?? ''))
  const names: string[] = []
  for (const [i, [, word]] of tokens.entries()) {
    if (word !== 'secrets' || tokens[i - 1]?.[0] === '.') continue
    const name = nameAt(tokens.slice(i + 1, i + 4).map(([token]) => token))
    if (name === undefined) fault('unclear-template', 'which secret is meant is not to be seen')
    else names.push(name)
  }
  out.uses.push(...names.map((name) => ({ name, line, guarded })))
  const [name] = names
  if (kind === '{') {
    const simple = SIMPLE.test(body) && name !== undefined
    out.pieces.push(simple ? { kind: 'secret', name } : { kind: 'other' })
  }
  const first = tokens[0]?.[1]
  if (kind === '{' && /^\s*[A-Za-z_]\w*(\s*\.\s*\w+)*\s*$/.test(body) && !KNOWN.has(first ?? '')) {
    fault('unknown-variable', 'nothing but secrets.NAME can be rendered')
  }
}

function nameAt([dot, name, close]: readonly string[]): string | undefined {
  if (dot === '.' && name !== undefined && /^[A-Za-z_]\w*$/.test(name)) return name
  const quoted = dot === '[' && close === ']' ? /^(['"])([^\\]*)\1$/.exec(name ?? '') : null
  return quoted?.[2]
}
