import { parseEarthfile, type Project } from './earthfile.js'
import { logicalLines } from './logical.js'

// An Earthfile that named secrets by org (`+secrets/org/path`), rewritten for a project of its own. Pure.

/**
 * The Earthfile's text with `+secrets/SOURCE/path` as `+secrets/path` and the PROJECT in which that is; the same text where
 * nothing of the source is named. A VERSION before 0.7 gets the flag by which PROJECT counts, and nothing else of a later
 * one.
 */
export function migrateEarthfile(text: string, source: string, target: Project): string {
  const old = `+secrets/${source}/`
  if (!text.includes(old)) return text
  const { dialect, project, recipes } = parseEarthfile(text)
  const usesInRecipes = recipes.some(({ isFunction, uses }) => !isFunction && uses.length > 0)
  const renamed = text.replaceAll(old, '+secrets/')
  const flagged = dialect === 'project' ? renamed : withFlag(renamed)
  // A function is given its caller's PROJECT: a file of nothing else needs none.
  return project === undefined && usesInRecipes ? withProject(flagged, target) : flagged
}

function withFlag(text: string): string {
  const [first] = logicalLines(text)
  const start = first !== undefined && /^VERSION\b/.test(first.text) ? first.line : 0
  if (start === 0) return `VERSION --use-project-secrets 0.5${lineEnd(text)}${text}`
  return edited(text, start - 1, (line) => line.replace('VERSION', 'VERSION --use-project-secrets'))
}

function withProject(text: string, { org, project }: Project): string {
  const [first] = logicalLines(text)
  const behind = first !== undefined && /^VERSION\b/.test(first.text) ? first.end - 1 : 0
  const line = `PROJECT ${org}/${project}${lineEnd(text)}`
  const lines = splitLines(text)
  const before = lines.slice(0, behind).join('')
  const gap = before === '' || /[\r\n]$/.test(before) ? '' : lineEnd(text)
  return before + gap + line + lines.slice(behind).join('')
}

function edited(text: string, index: number, edit: (line: string) => string): string {
  return splitLines(text)
    .map((line, at) => (at === index ? edit(line) : line))
    .join('')
}

/** The lines with their ends, as logicalLines counts them. */
function splitLines(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? []
}

function lineEnd(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
}
