import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Node } from 'yaml'
import { parseYaml, type Finding } from './config.js'
import { render, type Template } from './template.js'

// What values make of a configuration: they go in as they are, so that one with a quote, a line end or ` #` can change what
// is read. Held against the same text with a harmless word in each value's place.

/** What the reading of one place comes to; two configurations are alike when all of them are. */
type Item = { readonly kind: string; readonly text: string; readonly source?: string }

/** Readings of so many bytes are enough to say which of the values it is. */
const BUDGET = 1024 * 1024

/**
 * Whether each value, rendered alone, is read as the text that it is, where it stands. Findings name secrets, never values.
 * @param values those that are known here, by name; others are taken for harmless
 */
export function checkValues(
  text: string,
  template: Template,
  values: ReadonlyMap<string, string>,
): Finding[] {
  const names = [...new Set(template.uses.map(({ name }) => name))].filter((name) =>
    values.has(name),
  )
  if (names.length === 0) return []
  if (!template.plain) {
    const what = 'blocks and filters are not rendered here: values were not tried in their places'
    return [finding('not-rendered', 'note', template, undefined, what)]
  }
  const marks = marksFor(text, template)
  const mark = (name: string): string => marks.get(name) ?? ''
  const expected = itemsOf(render(template, mark))
  if (expected === undefined) {
    const what = 'rendered with harmless values this is not YAML'
    return [finding('rendered-yaml', 'error', template, undefined, what)]
  }
  const found: Finding[] = []
  const tried = names.slice(0, Math.max(1, Math.floor(BUDGET / Math.max(text.length, 1))))
  for (const name of tried) {
    const value = values.get(name) ?? ''
    const items = itemsOf(render(template, (one) => (one === name ? value : mark(one))))
    const verdict = compare(expected, items, mark(name), value)
    if (verdict !== undefined)
      found.push(finding(verdict.rule, verdict.level, template, name, verdict.text))
  }
  if (tried.length < names.length) {
    const what = `only ${tried.length} of ${names.length} values were tried: the file is too large for all`
    found.push(finding('not-rendered', 'note', template, undefined, what))
  }
  return found
}

function finding(
  rule: string,
  level: Finding['level'],
  { uses }: Template,
  name: string | undefined,
  text: string,
): Finding {
  const use = uses.find((one) => name === undefined || one.name === name)
  return { rule, level, line: use?.line, name, text }
}

/** A word for each name that stands nowhere in the text and that YAML reads as a text. */
function marksFor(text: string, { uses }: Template): Map<string, string> {
  let word = 'xcofferx'
  while (text.includes(word)) word += 'x'
  return new Map(uses.map(({ name }, i) => [name, `${word}${i}y`]))
}

// What the connectors' reader refuses, or takes for a line end, wherever it stands: this one takes some of it.
const STRANGE =
  /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

type Verdict = { readonly rule: string; readonly level: Finding['level']; readonly text: string }

function compare(
  expected: readonly Item[],
  items: readonly Item[] | undefined,
  mark: string,
  value: string,
): Verdict | undefined {
  if (STRANGE.test(value)) {
    const text = 'its value holds a control character or a line end that YAML takes otherwise'
    return { rule: 'value-breaks', level: 'error', text }
  }
  if (items === undefined) {
    return { rule: 'value-breaks', level: 'error', text: 'with its value this is no YAML any more' }
  }
  let other: string | undefined
  const changed = { rule: 'value-breaks', level: 'error' } as const
  if (items.length !== expected.length)
    return { ...changed, text: 'its value changes what else the configuration says' }
  for (const [i, { kind, text }] of expected.entries()) {
    const item = items[i]
    const wanted = text.replaceAll(mark, () => value)
    if (item?.kind === kind && item.text === wanted) continue
    const sameText = text.includes(mark) && item?.kind.startsWith('scalar') === true
    if (!sameText) return { ...changed, text: 'its value changes what else the configuration says' }
    if (item.source !== wanted) return { ...changed, text: 'its value is read as another text' }
    other = item.kind.slice('scalar '.length)
  }
  if (other === undefined) return undefined
  const text = `its value is read as ${other}, not as text: quote the template if text is meant`
  return { rule: 'value-type', level: 'warning', text }
}

/** What a text is read as, place by place; undefined when it is no YAML of one document. */
function itemsOf(text: string): Item[] | undefined {
  const [document, second] = parseYaml(text) ?? []
  if (document === undefined || second !== undefined || document.errors.length > 0) return undefined
  const items: Item[] = []
  list(document.contents, items)
  return items
}

function list(node: unknown, items: Item[]): void {
  if (isAlias(node)) items.push({ kind: 'alias', text: node.source })
  else if (isMap(node)) {
    items.push({ kind: `map ${tagOf(node)}`, text: '' })
    for (const { key, value } of node.items) {
      list(key, items)
      list(value, items)
    }
    items.push({ kind: 'end', text: '' })
  } else if (isSeq(node)) {
    items.push({ kind: `list ${tagOf(node)}`, text: '' })
    for (const item of node.items) list(item, items)
    items.push({ kind: 'end', text: '' })
  } else if (isScalar(node)) {
    const { value, source } = node
    const kind =
      value === null ? 'nothing' : typeof value === 'string' ? 'text' : `a ${typeof value}`
    const shown = typeof value === 'string' ? value : (source ?? '')
    items.push({ kind: `scalar ${kind}`, text: shown, source: source ?? '' })
  } else items.push({ kind: 'scalar nothing', text: '', source: '' })
}

function tagOf(node: Node & { tag?: string | undefined }): string {
  return node.tag ?? ''
}
