// Makes dist/bin, the only compiled folder that ships, and removes from dist what has no source any more.
import { build, type BuildOptions, type BuildResult, type Plugin } from 'esbuild'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import * as path from 'node:path'
import { root, say, seconds } from './repo.js'

const bin = path.join(root, 'dist/bin')
const shebang = '#!/usr/bin/env node\n'

type Entry = { source: string; out: string; executable: boolean }

const hotPath: Entry = { source: 'cli/main.ts', out: 'coffer.cjs', executable: true }

const modules: readonly Entry[] = [
  { source: 'cli/full.ts', out: 'coffer-full.mjs', executable: false },
  { source: 'daemon/main.ts', out: 'cofferd.js', executable: true },
  {
    source: 'daemon/keystore/passphrase-worker.ts',
    out: 'passphrase-worker.js',
    executable: false,
  },
  { source: 'sync-server/main.ts', out: 'coffer-relay.js', executable: true },
]

const common = {
  absWorkingDir: root,
  outdir: bin,
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node20',
  sourcemap: false,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions

type Built = BuildResult<typeof common>

/** `import('./full.js')` stays an import, of the file bundled beside the hot path. */
const coldRest: Plugin = {
  name: 'cold-rest',
  setup(setup) {
    setup.onResolve({ filter: /\/full\.js$/ }, (args) =>
      args.kind === 'dynamic-import' ? { path: './coffer-full.mjs', external: true } : undefined,
    )
  },
}

/** CommonJS, because Node 20 starts it some milliseconds sooner than a module. */
async function bundleHotPath(): Promise<Built> {
  const result = await build({
    ...common,
    entryPoints: [{ in: `./${hotPath.source}`, out: path.parse(hotPath.out).name }],
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins: [coldRest],
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    logOverride: { 'empty-import-meta': 'error' },
  })
  const foreign = Object.values(result.metafile.outputs)
    .flatMap((output) => output.imports)
    .filter((one) => one.external === true && one.path !== './coffer-full.mjs')
    .filter((one) => !builtinModules.includes(one.path.replace(/^node:/, '')))
  const packaged = Object.keys(result.metafile.inputs).filter((one) => one.includes('node_modules'))
  const bad = [...foreign.map((one) => one.path), ...packaged]
  if (bad.length > 0) throw new Error(`the hot path imports more than Node: ${bad.join(', ')}`)
  return result
}

/** Split, or an external package of a part that is loaded on demand would load at start. */
async function bundleModule(entry: Entry): Promise<Built> {
  const { name, ext } = path.parse(entry.out)
  return build({
    ...common,
    entryPoints: [{ in: `./${entry.source}`, out: name }],
    outExtension: { '.js': ext },
    // Flat: code that finds a file beside itself by import.meta.url works in a chunk too.
    chunkNames: `${name}.[name]-[hash]`,
    format: 'esm',
    splitting: true,
    packages: 'external',
  })
}

/** Writes the bundles one by one in place of the old ones, then removes what is left over. */
async function install(results: readonly Built[]): Promise<void> {
  const executables = new Set(
    [hotPath, ...modules].filter((one) => one.executable).map((one) => one.out),
  )
  await mkdir(bin, { recursive: true })
  const kept = new Set<string>()
  for (const file of results.flatMap((result) => result.outputFiles)) {
    const name = path.basename(file.path)
    kept.add(name)
    const runs = executables.has(name)
    const text = runs && !file.text.startsWith('#!') ? shebang + file.text : file.text
    const fresh = path.join(bin, `.${name}.${process.pid}`)
    await writeFile(fresh, text)
    await chmod(fresh, runs ? 0o755 : 0o644)
    await rename(fresh, path.join(bin, name))
  }
  const left = (await readdir(bin)).filter((name) => !kept.has(name))
  await Promise.all(left.map((name) => rm(path.join(bin, name), { force: true })))
}

/** Removes compiled files whose source has gone: a deleted test must not go on passing. */
async function prune(): Promise<void> {
  const dist = path.join(root, 'dist')
  const compiled = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(d\.ts|js|js\.map)$/.test(name) && !/^(bin|\.tsbuildinfo)\//.test(name),
  )
  const orphans = compiled.filter((name) => {
    const stem = path.join(root, name.replace(/\.(d\.ts|js|js\.map)$/, ''))
    return !existsSync(`${stem}.ts`) && !existsSync(`${stem}.tsx`)
  })
  await Promise.all(orphans.map((name) => rm(path.join(dist, name), { force: true })))
}

const started = performance.now()
const entries = [hotPath, ...modules]
const settled = await Promise.allSettled(
  entries.map((entry) => (entry === hotPath ? bundleHotPath() : bundleModule(entry))),
)
const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
await install(results)
await prune()
for (const [index, one] of settled.entries()) {
  if (one.status === 'rejected') say(`bundle: ${entries[index]?.source}: ${String(one.reason)}`)
}
say(`bundle: ${results.length} of ${entries.length} programs in ${seconds(started)} s`)
process.exitCode = results.length === entries.length ? 0 : 1
