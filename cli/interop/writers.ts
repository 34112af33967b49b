import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { isLoaderVariable } from '../../shared/loader-variables.js'
import { writeDotenv } from './dotenv.js'
import { writeSecretFile } from './earthly/secret-file.js'
import { writeEnvFile } from './env-file.js'
import { writeSecretsFile } from './fluvio/secrets-file.js'
import { writeKubernetes } from './kubernetes.js'
import { textOf, type Named } from './named.js'
import { writeShell } from './shell-format.js'
import { writeYaml } from './yaml.js'

// Files that other programs read secrets from. A format that can't hold a name or a value refuses it by name; none is
// ever written so that its reader would read something else.

/** What some formats need beside the secrets. */
export type WriteOptions = {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
}
type Writer<T> = (secrets: readonly Named[], options: WriteOptions) => T

type TextFormat = 'dotenv' | 'json' | 'yaml' | 'docker' | 'k8s' | 'fluvio' | 'shell'
/** gha is no file: what a step prints and what it appends go to two places (github.ts). */
export type ExportFormat = TextFormat | 'earthly' | 'gha'

export const WRITERS: { readonly [F in TextFormat]: Writer<string> } & {
  readonly earthly: Writer<Uint8Array>
} = {
  dotenv: (secrets) => writeDotenv(secrets.map((one) => ({ name: one.name, value: textOf(one) }))),
  json: (secrets) =>
    `${JSON.stringify(Object.fromEntries(secrets.map(jsonEntry)), undefined, 2)}\n`,
  yaml: writeYaml,
  docker: writeEnvFile,
  k8s: (secrets, { name, namespace }) =>
    writeKubernetes(secrets, { name: nameGiven(name), namespace }),
  earthly: writeSecretFile,
  fluvio: (secrets) => writeSecretsFile(secrets),
  shell: writeShell,
}

function nameGiven(name: string | undefined): string {
  if (name !== undefined) return name
  throw new CofferError('usage', 'a Secret of Kubernetes needs a name', {
    reason: 'no-name',
    next: 'give it: --name app-secrets',
  })
}

/** As `import` reads it: a text, or the bytes of what is none. */
function jsonEntry({ name, bytes }: Named): [string, string | { base64: string }] {
  return [name, fromUtf8(bytes) ?? { base64: bytes.toString('base64') }]
}

/** What a shell, a container or a job makes its variables of. */
const VARIABLES: readonly ExportFormat[] = ['dotenv', 'docker', 'gha', 'shell']

/**
 * For a whole vault, which teammates write: none of it may decide what code runs where the file is read.
 * @throws CofferError `refused` (reason `loader-variable`) by name
 */
export function refuseLoaders(format: ExportFormat, names: readonly string[]): void {
  const found = VARIABLES.includes(format) ? names.find(isLoaderVariable) : undefined
  if (found === undefined) return
  const message = `the secret ${displayText(found)} would decide what code runs where the file is read`
  throw new CofferError('refused', message, {
    reason: 'loader-variable',
    next: 'name those that you want: coffer export NAME…',
  })
}
