// Makes dist/bin, the only compiled folder that ships, and removes from dist what has no source any more.
import {
  build,
  transform,
  type BuildOptions,
  type OutputFile,
  type Plugin,
  type TransformOptions,
} from 'esbuild'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import * as path from 'node:path'
import { inPlaceOf, withoutDevtools } from './ink.js'
import { root, say, seconds } from './repo.js'

const bin = path.join(root, 'dist/bin')
const shebang = '#!/usr/bin/env node\n'

type Entry = { source: string; out: string; executable: boolean }

const hotPath: Entry = { source: 'cli/main.ts', out: 'coffer.cjs', executable: true }
/** What the hot path loads when it isn't enough. */
const coldRest = 'coffer-full.cjs'

const programs: readonly Entry[] = [
  { source: 'cli/full.ts', out: coldRest, executable: false },
  { source: 'daemon/main.ts', out: 'cofferd.cjs', executable: true },
  { source: 'sync-server/main.ts', out: 'coffer-relay.cjs', executable: true },
]
const worker: Entry = {
  source: 'daemon/keystore/passphrase-worker.ts',
  out: 'passphrase-worker.js',
  executable: false,
}
/** A module: Yoga, which lays out for Ink, waits for its WebAssembly at its top. */
const ui: Entry = { source: 'cli/tui/main.tsx', out: 'coffer-ui.js', executable: false }
/** Waits behind a copied value: small, because it stays for most of a minute. */
const unclip: Entry = { source: 'cli/tui/unclip.ts', out: 'coffer-unclip.cjs', executable: false }
const entries = [hotPath, ...programs, worker, ui, unclip]
const LICENCES = 'LICENCES.txt'

/**
 * What stays a package of its own: native code with the JavaScript that fits it, and OpenPGP, whose licence (LGPL) wants
 * it replaceable. The rest is bundled: finding and reading a hundred small files took each start longer than running them.
 */
const APART = ['level', 'openpgp', 'libsodium-wrappers-sumo']

const common = {
  absWorkingDir: root,
  outdir: bin,
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node20',
  sourcemap: false,
  // One byte a character: V8 reads it sooner, and keeps half as much.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'silent',
} satisfies BuildOptions

type BuiltFile = { readonly name: string; readonly text: string }
/** The files of one program, and the sources that are in them. */
type Bundle = { readonly files: readonly BuiltFile[]; readonly inputs: readonly string[] }

/** `import('./full.js')` stays an import, of the file bundled beside the hot path. */
const restApart = apart(/\/full\.js$/, coldRest)

/** A file whose `import()` stays one, of what is bundled beside it. */
function apart(filter: RegExp, out: string): Plugin {
  return {
    name: out,
    setup(setup) {
      setup.onResolve({ filter }, (args) =>
        args.kind === 'dynamic-import' ? { path: `./${out}`, external: true } : undefined,
      )
    },
  }
}

/** CommonJS can't require what waits at its top: the one `import()` that has to stay one, for the loader of modules. */
const UI_REQUIRED =
  /Promise\.resolve\(\)\.then\(\(\) => __toESM\(require\("\.\/coffer-ui\.js"\)(?:, 1)?\)\)/g

/** What CommonJS knows in place of a module's own place. */
const PLACE = {
  'import.meta.dirname': '__dirname',
  'import.meta.filename': '__filename',
  // Mentioned by libsodium for browsers; whoever else needs it fails at once.
  'import.meta.url': 'undefined',
}
/** CommonJS: Node 20 starts it 20 ms sooner than a module; its `import()` would start the loader of modules. */
const commonJs = {
  target: common.target,
  charset: common.charset,
  platform: common.platform,
  format: 'cjs',
  supported: { 'dynamic-import': false },
} satisfies TransformOptions

async function bundleHotPath(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...common,
    ...commonJs,
    entryPoints: [{ in: `./${hotPath.source}`, out: path.parse(hotPath.out).name }],
    outExtension: { '.js': '.cjs' },
    plugins: [restApart],
    define: PLACE,
  })
  const foreign = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter((one) => one.external === true && one.path !== `./${coldRest}`)
    .filter((one) => !builtinModules.includes(one.path.replace(/^node:/, '')))
  const packaged = Object.keys(metafile.inputs).filter((one) => one.includes('node_modules'))
  const bad = [...foreign.map((one) => one.path), ...packaged]
  if (bad.length > 0) throw new Error(`the hot path imports more than Node: ${bad.join(', ')}`)
  return { files: outputFiles.map(nameAndText), inputs: Object.keys(metafile.inputs) }
}

/** Split, so that a start reads only what it needs; esbuild splits modules alone, so they become CommonJS after that. */
async function bundleProgram(entry: Entry): Promise<Bundle> {
  const { name, ext } = path.parse(entry.out)
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: [{ in: `./${entry.source}`, out: name }],
    outExtension: { '.js': ext },
    // Flat: code that finds a file beside itself by its own place works in a chunk too.
    chunkNames: `${name}.[name]-[hash]`,
    format: 'esm',
    splitting: true,
    external: APART,
    define: PLACE,
    plugins: [apart(/\/tui\/main\.js$/, ui.out)],
  })
  const nameless = Object.values(metafile.outputs)
    .filter(({ entryPoint, exports }) => entryPoint?.startsWith('node_modules/') && !exports[1])
    .map(({ entryPoint = '' }) => entryPoint)
  if (nameless.length > 0) throw new Error(`import() finds no names in ${nameless.join(', ')}`)
  const files = outputFiles.map(nameAndText).map(async (file) => {
    const { code } = await transform(file.text, { ...commonJs, sourcefile: `${file.name}.mjs` })
    return { name: file.name, text: code.replaceAll(UI_REQUIRED, `import("./${ui.out}")`) }
  })
  const made = await Promise.all(files)
  const required = made.filter(({ text }) => text.includes(`require("./${ui.out}")`))
  if (required.length > 0) throw new Error(`${ui.out} waits at its top, and is required`)
  return { files: made, inputs: Object.keys(metafile.inputs) }
}

/** A module, because libsodium's sumo build is a third as large as one. */
async function bundleWorker(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: [{ in: `./${worker.source}`, out: path.parse(worker.out).name }],
    format: 'esm',
    packages: 'external',
  })
  return { files: outputFiles.map(nameAndText), inputs: Object.keys(metafile.inputs) }
}

const nameAndText = (file: OutputFile): BuiltFile => ({
  name: path.basename(file.path),
  text: file.text,
})

async function bundleUi(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: [{ in: `./${ui.source}`, out: path.parse(ui.out).name }],
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    ...withoutDevtools,
    plugins: [...withoutDevtools.plugins, inPlaceOf],
  })
  return { files: outputFiles.map(nameAndText), inputs: Object.keys(metafile.inputs) }
}

async function bundleUnclip(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...common,
    ...commonJs,
    entryPoints: [{ in: `./${unclip.source}`, out: path.parse(unclip.out).name }],
    outExtension: { '.js': '.cjs' },
    define: PLACE,
  })
  return { files: outputFiles.map(nameAndText), inputs: Object.keys(metafile.inputs) }
}

/** The licences of the packages of which something is in the bundles: they want to go along. */
function licences(results: readonly Bundle[]): string {
  const packages = new Set(
    results
      .flatMap(({ inputs }) => inputs)
      .flatMap((one) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(one)?.[0] ?? []),
  )
  const texts = [...packages].toSorted().map((folder) => {
    const name = readdirSync(path.join(root, folder)).find((one) => /^licen[cs]e/i.test(one))
    const text =
      name === undefined ? stated(folder) : readFileSync(path.join(root, folder, name), 'utf8')
    return `${folder.replace('node_modules/', '')}\n\n${text.trim()}\n`
  })
  return `These packages are part of the programs beside this file.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** Of a package without a file of its licence: what its description states. */
function stated(folder: string): string {
  const description = readFileSync(path.join(root, folder, 'package.json'), 'utf8')
  const { license, author, repository } = JSON.parse(description) as { [field: string]: unknown }
  if (typeof license !== 'string') throw new Error(`${folder} has no licence`)
  return `${license}\n${JSON.stringify({ author, repository })}`
}

/** Writes the bundles one by one in place of the old ones, then removes what is left over. */
async function install(results: readonly Bundle[]): Promise<void> {
  const executables = new Set(entries.filter((one) => one.executable).map((one) => one.out))
  await mkdir(bin, { recursive: true })
  const kept = new Set([LICENCES])
  await writeFile(path.join(bin, LICENCES), licences(results))
  for (const { name, text } of results.flatMap(({ files }) => files)) {
    kept.add(name)
    const runs = executables.has(name)
    const fresh = path.join(bin, `.${name}.${process.pid}`)
    await writeFile(fresh, runs && !text.startsWith('#!') ? shebang + text : text)
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
const settled = await Promise.allSettled([
  bundleHotPath(),
  ...programs.map((entry) => bundleProgram(entry)),
  bundleWorker(),
  bundleUi(),
  bundleUnclip(),
])
const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
await install(results)
await prune()
for (const [index, one] of settled.entries()) {
  if (one.status === 'rejected') say(`bundle: ${entries[index]?.source}: ${String(one.reason)}`)
}
say(`bundle: ${results.length} of ${entries.length} programs in ${seconds(started)} s`)
process.exitCode = results.length === entries.length ? 0 : 1
