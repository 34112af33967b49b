// What Fluvio takes as a secret's name, and how its connectors trim.

/** Of `meta.secrets` and `fluvio secret set`: ASCII letters, digits and `_`, no digit first. */
export function isSecretName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

// Unicode's White_Space, which Rust's trim() takes away; JavaScript's takes U+FEFF too, and leaves U+0085.
const BLANKS = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const OUTER = new RegExp(`^${BLANKS}|${BLANKS}$`)

/** True when a connector would read the text without its first or last character. */
export function isTrimmed(text: string): boolean {
  return OUTER.test(text)
}

const BLANK = new RegExp(BLANKS)

/** The text as a connector has it. By hand: at each of many blanks a regular expression would look for the end anew. */
export function trimmed(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && BLANK.test(text.charAt(from))) from++
  while (to > from && BLANK.test(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

/**
 * Why no secret here can have the name that a `secret: {name: X}` node asks for; undefined when one can. Fluvio checks none
 * of these names, and a config may be a stranger's: a name stays within the project, it never is a reference to elsewhere.
 */
export function nodeNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (isTrimmed(name)) return 'begins or ends with a blank'
  if (/[=\n\r\0]/.test(name)) return "holds '=', a line end or a NUL"
  if (/^(\/|coffer:|user\/)/i.test(name)) return 'is a reference, not a name'
  return undefined
}
