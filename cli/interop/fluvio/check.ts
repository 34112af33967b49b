import { readConnectorConfig, type ConnectorConfig, type Finding } from './config.js'
import { isSecretName } from './names.js'
import { checkValues } from './rendered.js'

// What is wrong with a connector's configuration and the secrets that it asks for (the rules stand in the help).

/** What is known of one secret here. `unknown`: nobody was asked. */
export type State =
  | { readonly kind: 'readable'; readonly value: string | undefined }
  | { readonly kind: 'sealed' | 'missing' | 'unknown' }
export type CheckedSecret = {
  readonly name: string
  readonly declared: boolean
  readonly nodes: number
  readonly templates: number
}

/**
 * The names that the connector asks for: those of `meta.secrets` where it counts, and of all secret nodes. A template can
 * render none but these.
 */
export function namesOf({ declares, declared, nodes }: ConnectorConfig): string[] {
  return [...new Set([...(declares ? declared : []), ...nodes].map(({ name }) => name))]
}

/** All names that stand in a configuration, in the order of their first place, with how they are used. */
export function secretsOf({ declared, nodes, template }: ConnectorConfig): CheckedSecret[] {
  const names = [...declared, ...nodes, ...template.uses].map(({ name }) => name)
  const count = (list: readonly { readonly name: string }[], name: string): number =>
    list.filter((one) => one.name === name).length
  return [...new Set(names)].map((name) => ({
    name,
    declared: declared.some((one) => one.name === name),
    nodes: count(nodes, name),
    templates: count(template.uses, name),
  }))
}

/** The faults that the text alone shows: those of its form, and of names that don't fit each other. Never throws. */
export function checkText(text: string): {
  readonly config: ConnectorConfig
  readonly findings: Finding[]
} {
  const config = readConnectorConfig(text)
  const faults = config.template.faults.map(({ rule, line, text: what }): Finding => {
    const level = rule === 'unclear-template' ? 'warning' : 'error'
    return { rule, level, line, name: undefined, text: what }
  })
  const findings = [...config.findings, ...faults, ...undeclared(config), ...odd(config)]
  return { config, findings: findings.toSorted(byLine) }
}

function byLine(a: Finding, b: Finding): number {
  return (a.line ?? 0) - (b.line ?? 0)
}

function undeclared({ declares, declared, template }: ConnectorConfig): Finding[] {
  const rule = declares ? 'undeclared' : 'api-version'
  if (!declares && template.uses.length === 0) {
    const [first] = declared
    if (first === undefined) return []
    const text = 'meta.secrets does nothing without apiVersion 0.1.0 or later'
    return [{ rule, level: 'warning', line: first.line, name: undefined, text }]
  }
  const known = new Set(declares ? declared.map(({ name }) => name) : [])
  return template.uses
    .filter(({ name }) => !known.has(name))
    .map(({ name, line, guarded }) => ({
      rule,
      level: guarded ? 'warning' : 'error',
      line,
      name,
      text: declares
        ? 'a template uses it and meta.secrets does not name it: write - name: there'
        : 'a template uses it, and renders nothing without apiVersion 0.1.0 or later',
    }))
}

/** Names that a connector takes in a secret node, and that meta.secrets and `fluvio secret set` don't. */
function odd({ nodes }: ConnectorConfig): Finding[] {
  return nodes
    .filter(({ name }) => !isSecretName(name))
    .map(({ name, line }) => ({
      rule: 'node-name',
      level: 'warning',
      line,
      name,
      text: 'only a secret node can have this name: letters, digits and _ are safe',
    }))
}

/** The faults that the secrets show: missing ones, and values that can't stand where they are rendered. */
export function checkSecrets(
  text: string,
  config: ConnectorConfig,
  states: ReadonlyMap<string, State>,
): Finding[] {
  const lines = new Map([...config.nodes, ...config.declared].map(({ name, line }) => [name, line]))
  const stateOf = (name: string): State => states.get(name) ?? { kind: 'unknown' }
  const missing = namesOf(config)
    .filter((name) => stateOf(name).kind === 'missing')
    .map((name): Finding => {
      const used = config.template.uses.some((use) => use.name === name)
      const there = used || config.nodes.some((node) => node.name === name)
      const what = there ? '' : ', which it must be though nothing uses it'
      return {
        rule: 'missing',
        level: 'error',
        line: lines.get(name),
        name,
        text: `it is not there${what}`,
      }
    })
  const values = new Map<string, string>()
  const notes: Finding[] = []
  for (const name of new Set(config.template.uses.map((use) => use.name))) {
    const state = stateOf(name)
    const line = lines.get(name)
    if (state.kind === 'sealed')
      notes.push({ rule: 'not-checked', level: 'note', line, name, text: 'not checked, sealed' })
    if (state.kind !== 'readable') continue
    if (state.value !== undefined) values.set(name, state.value)
    else
      notes.push({
        rule: 'value-breaks',
        level: 'error',
        line,
        name,
        text: 'its value is no UTF-8',
      })
  }
  return [...missing, ...checkValues(text, config.template, values), ...notes]
}
