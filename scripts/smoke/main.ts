// node dist/scripts/smoke/main.js packed | node-22 | node-24 | node-26
// packed: what `npm pack` makes, installed into an empty prefix, works outside the checkout.
// node-N: the built programs work with that version of Node.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { run } from '../tooling/processes.js'
import { root, say } from '../tooling/repo.js'
import { story } from './story.js'

/** npm needs the caller's own environment: proxies and certificates are set there. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const patient = ['--prefer-offline', '--fetch-timeout=30000', '--fetch-retries=3']
  const done = await run('npm', [...args, ...quiet, ...patient], {
    timeout: 180_000,
    cwd,
    env: process.env,
  })
  if (done.code !== 0) throw new Error(`npm ${args.join(' ')}: exit ${done.code}\n${done.output}`)
  return done.output
}

const SHIPPED =
  /^package\/(dist\/bin\/[^/]+\.c?js|dist\/bin\/LICENCES\.txt|package\.json|LICENSE|(README|SPEC|THREAT-MODEL|ARCHITECTURE|CHANGELOG|SECURITY|OPERATING)\.md)$/

/** Packs the checkout, checks that nothing ships by mistake, installs it, and tells the story with it. */
async function packed(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cf-packed-'))
  try {
    await npm(['pack', '--ignore-scripts', '--pack-destination', folder], root)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
    const listed = await run('tar', ['-tzf', tarball], { timeout: 20_000, cwd: folder })
    const stray = listed.output
      .trim()
      .split('\n')
      .filter((name) => !SHIPPED.test(name))
    if (stray.length > 0) throw new Error(`ships by mistake: ${stray.join(', ')}`)
    const prefix = path.join(folder, 'prefix')
    await npm(['install', '--global', '--prefix', prefix, path.join(folder, tarball)], folder)
    const program = (name: string): string => path.join(prefix, 'bin', name)
    await story({
      programs: {
        coffer: program('coffer'),
        cofferd: program('cofferd'),
        'coffer-relay': program('coffer-relay'),
      },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tells the story with another Node, kept beside the other packages between runs. */
async function otherNode(major: string): Promise<void> {
  const folder = path.join(root, 'node_modules/.cache/nodes', major)
  mkdirSync(folder, { recursive: true })
  const name = `node-${process.platform}-${process.arch}`
  const node = path.join(folder, 'node_modules', name, 'bin/node')
  const version = () => run(node, ['--version'], { timeout: 20_000 })
  if ((await version()).code !== 0) {
    await npm(['install', '--prefix', folder, '--no-save', `${name}@${major}`], folder)
  }
  const { output } = await version()
  if (!output.startsWith(`v${major}.`)) throw new Error(`wanted Node ${major}: ${output}`)
  say(output.trim())
  await story({ node })
}

const kind = process.argv[2] ?? ''
const major = /^node-(\d+)$/.exec(kind)?.[1]
if (kind === 'packed') await packed()
else if (major !== undefined) await otherNode(major)
else throw new Error('packed or node-N?')
