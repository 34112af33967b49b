// Reads why one uvu test failed: a guard counts as missed only where the assertion about it failed.

/** Why a run of one test says nothing about a guard, or undefined when it failed by all of `red`. */
export function objection(
  output: string,
  { name, file, red }: { name: string; file: string; red: readonly string[] },
  source: string,
): string | undefined {
  const start = output.indexOf(`FAIL  "${name}"`)
  if (start < 0) return 'the test did not fail'
  const [said, stack] = split(output.slice(start), /^ {4}at /m)
  const complaint = said.slice(said.indexOf('\n') + 1)
  if (!/ {2}\(\w+(\.\w+)?\)$|nothing was refused|Property failed/m.test(complaint))
    return `it crashed: ${complaint.trim()}`
  const asked = statementAt(source, lineOf(stack, file))
  const all = complaint + asked
  if (red.every((one) => all.includes(one))) return undefined
  return `it failed by something else: ${complaint.trim()}${asked === '' ? '' : ` at ${asked.trim()}`}`
}

/** A text before and from the first match. */
function split(text: string, at: RegExp): [string, string] {
  const index = text.search(at)
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index)]
}

/** The line of the test file in which the innermost call stands; 0 when the stack doesn't tell. */
function lineOf(stack: string, file: string): number {
  const at = stack.indexOf(`/${file}:`)
  return at < 0 ? 0 : Number.parseInt(stack.slice(at + file.length + 2), 10)
}

/** The statement that begins in a line (from 1): up to where its brackets close. */
function statementAt(source: string, line: number): string {
  const lines = line === 0 ? [] : source.split('\n').slice(line - 1)
  let open = 0
  let statement = ''
  for (const one of lines) {
    statement += `${one}\n`
    open += count(one, /[([{]/g) - count(one, /[)\]}]/g)
    if (open <= 0) break
  }
  return statement
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0
}
