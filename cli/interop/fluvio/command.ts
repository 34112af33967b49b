import { basename } from 'node:path'
import { CofferError } from '../../../shared/errors.js'

// How a connector is told its two files. Its own reader knows `--config P` and `--secrets P`, each as two words, and the
// first of each counts; `cdk test` takes -c and -s.

/** What a command line says by itself. */
export type Given = {
  /** `cdk test`, or a program that is a connector, or starts one. */
  readonly kind: 'connector' | 'cdk-test'
  readonly config: string | undefined
}

/**
 * What stands in the command. @throws CofferError `usage` for one that can't be given secrets: `cdk deploy start`, whose
 * connector outlives it, other words of cdk, and one that names a secrets file of its own
 */
export function readCommand(argv: readonly string[]): Given {
  const [program = '', ...args] = argv
  const isCdk = basename(program) === 'cdk'
  if (isCdk) checkCdk(args)
  const secrets = isCdk ? optionOf(args, 's', 'secrets') : pairOf(args, '--secrets')
  if (secrets !== undefined) {
    throw new CofferError(
      'usage',
      'the command names a secrets file itself: it would read no other',
      {
        reason: 'own-secrets',
        next: 'leave --secrets out',
      },
    )
  }
  const config = isCdk ? optionOf(args, 'c', 'config') : pairOf(args, '--config')
  return { kind: isCdk ? 'cdk-test' : 'connector', config }
}

function checkCdk(args: readonly string[]): void {
  const words = args.filter((word) => !word.startsWith('-'))
  if (words[0] === 'test') return
  if (words[0] === 'deploy') {
    const message =
      'cdk deploy start returns while its connector goes on reading the secrets file, which would be gone'
    throw new CofferError('usage', message, {
      reason: 'outlived',
      next: 'start the connector itself: coffer connector run --config FILE -- ./target/release/CONNECTOR',
    })
  }
  throw new CofferError('usage', 'of the commands of cdk only test takes secrets', {
    reason: 'cdk',
    next: 'write cdk test, or name the program of the connector',
  })
}

/** The word after the first one that is `name`: as the connector finds it. */
function pairOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args[at + 1]
}

/** An option of cdk's, in any of its spellings, before what is cargo's. */
function optionOf(args: readonly string[], short: string, long: string): string | undefined {
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  for (const [i, word] of own.entries()) {
    if (word === `-${short}` || word === `--${long}`) return own[i + 1] ?? ''
    if (word.startsWith(`--${long}=`)) return word.slice(long.length + 3)
    if (word.startsWith(`-${short}`)) return word.slice(2).replace(/^=/, '')
  }
  return undefined
}

/** The command with what it lacks. @param secrets undefined where the secrets are variables */
export function withFiles(
  argv: readonly string[],
  { kind, config: given }: Given,
  config: string,
  secrets: string | undefined,
): string[] {
  const missing = given === undefined ? [kind === 'cdk-test' ? '-c' : '--config', config] : []
  const file = secrets === undefined ? [] : [kind === 'cdk-test' ? '-s' : '--secrets', secrets]
  if (kind === 'connector') return [...argv, ...missing, ...file]
  // Behind `--` are words for cargo.
  const at = argv.indexOf('test') + 1
  return [...argv.slice(0, at), ...missing, ...file, ...argv.slice(at)]
}
