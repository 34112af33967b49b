// A test as one text: commands first, then the files they need, each below a line `-- name --`.

export type Archive = { script: string; files: Map<string, string> }

/** Splits the text. Files keep their last line's end; the script is what stands before the first of them. */
export function parseArchive(text: string): Archive {
  const files = new Map<string, string>()
  const marker = /^-- (\S+) --$/
  let script = ''
  let current: string | undefined
  for (const line of text.split(/(?<=\n)/)) {
    const name = marker.exec(line.trimEnd())?.[1]
    if (name !== undefined) {
      if (files.has(name)) throw new Error(`two files are named ${name}`)
      current = name
      files.set(name, '')
    } else if (current === undefined) {
      script += line
    } else {
      files.set(current, (files.get(current) ?? '') + line)
    }
  }
  return { script, files }
}

/**
 * Splits a line into words at blanks. 'Single quotes' keep blanks, $ and #; two of them inside stand for one.
 * $NAME and ${NAME} outside quotes become the variable's value, which must exist. An unquoted word starting with # ends
 * the line.
 */
export function words(line: string, variable: (name: string) => string): string[] {
  const found: string[] = []
  let word: string | undefined
  let at = 0
  while (at < line.length) {
    const rest = line.slice(at)
    const blank = /^\s+/.exec(rest)?.[0]
    if (blank !== undefined) {
      if (word !== undefined) found.push(word)
      word = undefined
      at += blank.length
      continue
    }
    if (word === undefined && rest.startsWith('#')) break
    const [taken, value] = piece(rest, variable)
    word = (word ?? '') + value
    at += taken
  }
  if (word !== undefined) found.push(word)
  return found
}

/** One quoted, named or plain piece of a word: how many characters it takes, and its value. */
function piece(rest: string, variable: (name: string) => string): [number, string] {
  const quoted = /^'((?:[^']|'')*)'/.exec(rest)
  if (quoted !== null) return [quoted[0].length, (quoted[1] ?? '').replaceAll("''", "'")]
  if (rest.startsWith("'")) throw new Error(`a quote is not closed: ${rest}`)
  const named = /^\$(?:(\w+)|\{(\w+)\})/.exec(rest)
  if (named !== null) return [named[0].length, variable(named[1] ?? named[2] ?? '')]
  const plain = /^(?:[^\s'$]+|\$)/.exec(rest)?.[0] ?? rest
  return [plain.length, plain]
}
