import { Buffer } from 'node:buffer'
import { isAlias, isMap, isScalar, isSeq, LineCounter } from 'yaml'
import type { Alias, Document, Node, YAMLMap } from 'yaml'
import { LIMITS } from '../../../shared/limits.js'
import { parseDocuments } from '../yaml-package.js'
import { isSecretName, nodeNameProblem } from './names.js'
import { readTemplate, type Template } from './template.js'

// A connector's configuration, as far as it says which secrets the connector will ask for. It may be anybody's: of capped
// size and depth, and nothing in it is expanded.

/** What Fluvio would refuse, or read otherwise than it looks. */
export type Finding = {
  readonly rule: string
  readonly level: 'error' | 'warning' | 'note'
  readonly line: number | undefined
  /** The secret's name, where one is meant; as it stands in the file. */
  readonly name: string | undefined
  readonly text: string
}
export type Named = { readonly name: string; readonly line: number }

export type ConnectorConfig = {
  /** As it stands; undefined when there is none, or it is no text. */
  readonly apiVersion: string | undefined
  /** Whether `meta.secrets` counts, which it doesn't before 0.1.0. */
  readonly declares: boolean
  readonly declared: readonly Named[]
  /** `secret: {name: X}`. */
  readonly nodes: readonly Named[]
  readonly template: Template
  /** Faults of form alone: what needs no secret to be seen. */
  readonly findings: readonly Finding[]
}

/** What the YAML reader of the connectors takes at most. */
const DEPTH = 128
const ALIASES = 100
const VERSIONS = ['0.1.0', '0.2.0']

type Reading = {
  readonly findings: Finding[]
  readonly nodes: Named[]
  readonly document: Document
  readonly lineOf: (node: unknown) => number | undefined
  aliases: number
}

/** Reads a configuration. Never throws: what is wrong with it stands in `findings`. */
export function readConnectorConfig(text: string): ConnectorConfig {
  const template = readTemplate(text)
  const nothing = { apiVersion: undefined, declares: false, declared: [], nodes: [], template }
  const fail = (rule: string, line: number | undefined, what: string): ConnectorConfig => ({
    ...nothing,
    findings: [{ rule, level: 'error', line, name: undefined, text: what }],
  })
  if (Buffer.byteLength(text) > LIMITS.connectorConfig) {
    return fail('too-large', undefined, `it has more than ${LIMITS.connectorConfig} bytes`)
  }
  const lines = new LineCounter()
  const parsed = parseYaml(text, lines)
  if (parsed === undefined) return fail('too-deep', undefined, `it nests deeper than ${DEPTH}`)
  const [document, second] = parsed
  const [error] = document?.errors ?? []
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0])
    return fail('yaml', line, 'this is not YAML, which it must be before templates are rendered')
  }
  if (document === undefined || !isMap(document.contents)) {
    return fail('yaml', undefined, 'it is no mapping')
  }
  if (second !== undefined) return fail('yaml', undefined, 'it holds more than one document')
  const reading: Reading = {
    findings: [],
    nodes: [],
    document,
    lineOf: (node) => lineOf(node, lines),
    aliases: 0,
  }
  const root = document.contents
  if (!walk(reading, root, 1)) return fail('too-deep', undefined, `it nests deeper than ${DEPTH}`)
  return { ...readMeta(reading, root), nodes: reading.nodes, template, findings: reading.findings }
}

/** As the connectors' own reader takes it. @returns undefined when it nests too deep */
export function parseYaml(text: string, lines?: LineCounter): Document[] | undefined {
  return parseDocuments(text, { schema: 'core', uniqueKeys: true }, DEPTH, lines)
}

function lineOf(node: unknown, lines: LineCounter): number | undefined {
  const range = isNode(node) ? node.range : undefined
  return range === undefined || range === null ? undefined : lines.linePos(range[0]).line
}

function isNode(node: unknown): node is Node {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node)
}

/** Looks for secret nodes; false where it is too deep. Aliases are not followed: what they mean is met at its anchor. */
function walk(reading: Reading, node: unknown, depth: number): boolean {
  if (depth > DEPTH) return false
  if (isSeq(node)) return node.items.every((item) => walk(reading, item, depth + 1))
  if (!isMap(node)) return true
  noteSecret(reading, node)
  return node.items.every(
    ({ key, value }) => walk(reading, key, depth + 1) && walk(reading, value, depth + 1),
  )
}

/** `secret: {name: X}` with nothing beside it: what a connector takes where it expects a secret text. */
function noteSecret(reading: Reading, map: YAMLMap): void {
  const [pair] = map.items
  const secret = valueOf(reading, map, 'secret')
  if (!isMap(secret)) return
  const name = valueOf(reading, secret, 'name')
  if (!isScalar(name)) return
  const line = reading.lineOf(name) ?? reading.lineOf(map) ?? 1
  const add = (rule: string, level: Finding['level'], shown: string | undefined, text: string) =>
    reading.findings.push({ rule, level, line, name: shown, text })
  if (map.items.length > 1 || pair === undefined) {
    add(
      'no-secret-node',
      'warning',
      undefined,
      "secret has other keys beside it: it's no secret node",
    )
  } else if (typeof name.value !== 'string') {
    add('secret-name', 'error', undefined, 'the name in secret is no text: quote it')
  } else if (/\$\{[{%#]/.test(name.value)) {
    add('secret-name', 'error', undefined, 'the name in secret is a template')
  } else {
    const problem = nodeNameProblem(name.value)
    if (problem === undefined) reading.nodes.push({ name: name.value, line })
    else add('secret-name', 'error', name.value, `the name in secret ${problem}`)
  }
}

function valueOf(reading: Reading, map: YAMLMap, key: string): unknown {
  const pair = map.items.find((one) => isScalar(one.key) && one.key.value === key)
  if (!isAlias(pair?.value)) return pair?.value
  return resolved(reading, pair.value)
}

function resolved(reading: Reading, alias: Alias): unknown {
  reading.aliases += 1
  // Each is looked for from the start of the document.
  if (reading.aliases > ALIASES) {
    const text = `it uses more than ${ALIASES} aliases where secrets are named`
    const { findings } = reading
    if (!findings.some(({ rule }) => rule === 'aliases'))
      findings.push({ rule: 'aliases', level: 'error', line: undefined, name: undefined, text })
    return undefined
  }
  return alias.resolve(reading.document)
}

function readMeta(
  reading: Reading,
  root: YAMLMap,
): Pick<ConnectorConfig, 'apiVersion' | 'declares' | 'declared'> {
  const version = valueOf(reading, root, 'apiVersion')
  const typed = isScalar(version) ? version.value : undefined
  const apiVersion = typeof typed === 'string' ? typed : undefined
  const declares = apiVersion !== undefined && VERSIONS.includes(apiVersion)
  const absent = version === undefined || typed === null
  if (!declares && !absent && apiVersion !== '0.0.0') {
    const text = `apiVersion is none of 0.0.0, ${VERSIONS.join(', ')}`
    reading.findings.push(error('api-version', reading.lineOf(version), undefined, text))
  }
  const meta = valueOf(reading, root, 'meta')
  const secrets = isMap(meta) ? valueOf(reading, meta, 'secrets') : undefined
  const declared = secrets === undefined ? [] : readDeclared(reading, secrets)
  return { apiVersion, declares, declared }
}

function readDeclared(reading: Reading, secrets: unknown): Named[] {
  if (isScalar(secrets) && secrets.value === null) return []
  if (!isSeq(secrets)) {
    const text = 'meta.secrets is no list of names: write - name: NAME'
    reading.findings.push(error('secret-name', reading.lineOf(secrets), undefined, text))
    return []
  }
  const declared: Named[] = []
  for (const item of secrets.items) {
    const entry = isAlias(item) ? resolved(reading, item) : item
    const name = isMap(entry) ? valueOf(reading, entry, 'name') : undefined
    const line = reading.lineOf(name) ?? reading.lineOf(item)
    const value = isScalar(name) ? name.value : undefined
    if (typeof value === 'string' && isSecretName(value))
      declared.push({ name: value, line: line ?? 1 })
    else {
      const shown = typeof value === 'string' ? value : undefined
      const text = 'a name in meta.secrets has letters, digits and _, and no digit first'
      reading.findings.push(error('secret-name', line, shown, text))
    }
  }
  return declared
}

function error(
  rule: string,
  line: number | undefined,
  name: string | undefined,
  text: string,
): Finding {
  return { rule, level: 'error', line, name, text }
}
