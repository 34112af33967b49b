// Which secrets a Containerfile's RUN lines mount, by the rules of BuildKit's own parser. It knows no ARG's value: an id
// that holds one is told as such. Nothing here throws, whatever the text is.

/** One `RUN --mount=type=secret,…`. */
export type SecretMount = {
  /** As the builder asks for it. */
  readonly id: string
  /** Whether the build fails by itself without it. */
  readonly required: boolean
  /** The line of its RUN, from 1. */
  readonly line: number
  /** The id holds a variable: only the builder knows what it is. */
  readonly unresolved: boolean
}

/** One instruction with its continuation lines joined. */
type Instruction = { readonly text: string; readonly line: number }

/** The secret mounts of a Containerfile, in order, each as often as it stands there. */
export function secretMounts(text: string): SecretMount[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const escape = escapeOf(lines)
  return instructionsOf(lines, escape).flatMap(({ text: words, line }) =>
    flagsOfRun(words, escape).flatMap((flag) => mountOf(flag, line) ?? []),
  )
}

/** The character that continues a line: a directive before everything else may make it a backtick. */
function escapeOf(lines: readonly string[]): string {
  for (const line of lines) {
    const directive = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*)$/.exec(line)
    if (directive === null) return '\\'
    if (directive[1]?.toLowerCase() === 'escape' && directive[2]?.trimEnd() === '`') return '`'
  }
  return '\\'
}

function instructionsOf(lines: readonly string[], escape: string): Instruction[] {
  const out: Instruction[] = []
  let at = 0
  while (at < lines.length) {
    const line = at + 1
    let text = ''
    let more = true
    while (more && at < lines.length) {
      const read = (lines[at++] ?? '').trimStart()
      // A comment or an empty line inside a continued one is as if it weren't there.
      if (read.startsWith('#') || read.trim() === '') {
        if (text === '') break
        continue
      }
      const end = read.trimEnd()
      more = end.endsWith(escape)
      text += more ? end.slice(0, -1) : read
    }
    if (text === '') continue
    out.push({ text, line })
    for (const { strip, end } of heredocsOf(text)) at = afterHeredoc(lines, at, strip, end)
  }
  return out
}

type Heredoc = { readonly strip: boolean; readonly end: string }

function heredocsOf(text: string): Heredoc[] {
  if (!/^(RUN|COPY|ADD)\s/i.test(text)) return []
  return text.split(/\s+/).flatMap((word) => {
    const found = /^\d*<<(-?)(["']?)([^<>"'\s]+)\2$/.exec(word)
    return found?.[3] === undefined ? [] : [{ strip: found[1] === '-', end: found[3] }]
  })
}

function afterHeredoc(lines: readonly string[], from: number, strip: boolean, end: string): number {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if ((strip ? line.replace(/^\t+/, '') : line) === end) return at + 1
  }
  return lines.length
}

/** The flags before a RUN's command: words of their own, quotes taken off. */
function flagsOfRun(text: string, escape: string): string[] {
  const run = /^(?:ONBUILD\s+)?RUN\s+/i.exec(text)
  if (run === null) return []
  const flags: string[] = []
  let at = run[0].length
  for (;;) {
    const word = wordAt(text, at, escape)
    if (!word.text.startsWith('--') || word.text === '--') return flags
    flags.push(word.text)
    at = word.next
  }
}

function wordAt(text: string, start: number, escape: string): { text: string; next: number } {
  let at = start
  while (/\s/.test(text[at] ?? '')) at++
  let word = ''
  let quote = ''
  for (; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === escape && at + 1 < text.length) word += text[++at] ?? ''
    else if (quote !== '') {
      if (char === quote) quote = ''
      else word += char
    } else if (char === '"' || char === "'") quote = char
    else if (/\s/.test(char)) break
    else word += char
  }
  return { text: word, next: at }
}

/** The mount that a flag is, if it is one of a secret. */
function mountOf(flag: string, line: number): SecretMount | undefined {
  if (!flag.startsWith('--mount=')) return undefined
  const fields = new Map<string, string>()
  for (const field of flag.slice('--mount='.length).split(',')) {
    const equals = field.indexOf('=')
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase()
    fields.set(key, equals < 0 ? 'true' : field.slice(equals + 1))
  }
  if (fields.get('type') !== 'secret') return undefined
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination') ?? ''
  const named = fields.get('source') ?? fields.get('src') ?? fields.get('id') ?? ''
  const id = named === '' ? baseName(target) : named
  if (id === '') return undefined
  const required = /^(true|1|t)$/i.test(fields.get('required') ?? '')
  return { id, required, line, unresolved: id.includes('$') }
}

function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? ''
}
