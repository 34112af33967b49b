import { basename } from 'node:path'
import { CofferError } from '../../../shared/errors.js'

// The builder's command line: where its `build` stands, which file it will read, and what it is given beside.

/** What is found out of a builder's command line; nothing is executed or looked up for it. */
export type BuildLine = {
  /** Behind this place the builder's own options may stand. */
  readonly at: number
  /** Its Containerfiles as given, `-` for standard input; none when it chooses by itself. */
  readonly files: readonly string[]
  /** Words that may be the context, the likeliest first. */
  readonly contexts: readonly string[]
  /** Ids that it is given by its caller. */
  readonly ids: readonly string[]
  /** The names of files that it looks for in its context. */
  readonly defaults: readonly string[]
}

const CONTAINER = ['Containerfile', 'Dockerfile']
const DOCKER = ['Dockerfile']

/** Builders, the words by which they build, and the files that they look for. */
const BUILDERS: {
  readonly [program: string]: {
    readonly verbs: readonly string[]
    readonly defaults: readonly string[]
  }
} = {
  buildah: { verbs: ['bud', 'build', 'build-using-dockerfile'], defaults: CONTAINER },
  podman: { verbs: ['build'], defaults: CONTAINER },
  docker: { verbs: ['build', 'b'], defaults: DOCKER },
  nerdctl: { verbs: ['build'], defaults: DOCKER },
  buildctl: { verbs: ['build', 'b'], defaults: DOCKER },
}

/** Commands of builders behind which `build` is something else. */
const OTHERS = ['compose', 'run', 'exec', 'create', 'pull', 'push', 'play', 'kube', 'bake']

/**
 * Reads a builder's command line.
 * @throws CofferError `usage` (reason `not-a-build`) for a program that isn't known to build, or a line that doesn't
 */
export function readBuildLine(argv: readonly string[]): BuildLine {
  // `sudo`, `unshare -n` and the like may stand before it.
  const program = argv.findIndex((word) => Object.hasOwn(BUILDERS, basename(word)))
  const builder = BUILDERS[basename(argv[program] ?? '')]
  const verb = argv.findIndex((word, i) => i > program && builder?.verbs.includes(word) === true)
  const other = argv.slice(program + 1, verb).some((word) => OTHERS.includes(word))
  if (builder === undefined || verb < 0 || other) {
    throw new CofferError('usage', 'the command is no build of a builder that coffer knows', {
      reason: 'not-a-build',
      next: `give one of ${Object.keys(BUILDERS).join(', ')} with its build command behind --`,
    })
  }
  const words = argv.slice(verb + 1)
  return {
    at: verb + 1,
    files: valuesOf(words, ['-f', '--file']),
    contexts: words.filter((word) => !word.startsWith('-')).toReversed(),
    ids: valuesOf(words, ['--secret']).flatMap(idOf),
    defaults: builder.defaults,
  }
}

/** Values of an option that stands as `-f X`, `-fX`, `--file X` or `--file=X`. */
function valuesOf(words: readonly string[], names: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    for (const name of names) {
      if (word === name) return [words[i + 1] ?? '']
      if (name.startsWith('--') && word.startsWith(`${name}=`)) return [word.slice(name.length + 1)]
      const glued = !name.startsWith('--') && word.startsWith(name) && !word.startsWith('--')
      if (glued) return [word.slice(name.length).replace(/^=/, '')]
    }
    return []
  })
}

function idOf(secret: string): string[] {
  return secret.split(',').flatMap((field) => /^id=(.+)$/.exec(field)?.[1] ?? [])
}

/** The command with secrets as options of its build: `type` always, or a variable of the same name would be taken. */
export function withSecrets(
  argv: readonly string[],
  at: number,
  secrets: readonly { readonly id: string; readonly path: string }[],
  buildArgument: string | undefined,
): string[] {
  const options = secrets.flatMap(({ id, path }) => ['--secret', `id=${id},type=file,src=${path}`])
  const digest = buildArgument === undefined ? [] : buildArgumentOf(argv, buildArgument)
  return [...argv.slice(0, at), ...options, ...digest, ...argv.slice(at)]
}

function buildArgumentOf(argv: readonly string[], argument: string): string[] {
  const isBuildctl = argv.some((word) => basename(word) === 'buildctl')
  return isBuildctl ? ['--opt', `build-arg:${argument}`] : ['--build-arg', argument]
}
