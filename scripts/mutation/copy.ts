import { transform } from 'esbuild'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { cleanEnvironment, reap, run, type Finished } from '../tooling/processes.js'
import { root } from '../tooling/repo.js'
import { onlyTest, patched, type Mutation, type Patch } from './mutation.js'

const FOLDERS = ['shared', 'daemon', 'sync-server', 'cli', 'scripts', 'dist']
const TEST_MS = 60_000

/** A copy of the built checkout, of hard links where the file systems allow it: what is patched is written anew. */
export class Copy {
  readonly root = mkdtempSync(path.join(tmpdir(), 'cm-'))
  /** Files that aren't the checkout's own at the moment. */
  readonly #changed = new Set<string>()
  #bundled = false

  constructor() {
    for (const folder of FOLDERS) this.#link(folder)
    for (const file of ['package.json', 'tsconfig.base.json'])
      linkOrCopy(path.join(root, file), path.join(this.root, file))
    symlinkSync(path.join(root, 'node_modules'), path.join(this.root, 'node_modules'))
  }

  #link(folder: string): void {
    mkdirSync(path.join(this.root, folder), { recursive: true })
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name)
      if (entry.isDirectory()) this.#link(name)
      else if (!entry.name.endsWith('.d.ts'))
        linkOrCopy(path.join(root, name), path.join(this.root, name))
    }
  }

  #write(file: string, text: string): void {
    const at = path.join(this.root, file)
    // A hard link: writing through it would write the checkout's file.
    rmSync(at, { force: true })
    writeFileSync(at, text)
    this.#changed.add(file)
  }

  /** Takes a guard out, in source and compiled form. @throws Error when a patch doesn't fit, or the result is no program */
  async apply({ patches, programs }: Pick<Mutation, 'patches' | 'programs'>): Promise<void> {
    for (const patch of patches) await this.#patch(patch)
    if (programs === true) await this.#bundle()
  }

  async #patch(patch: Patch): Promise<void> {
    const text = patched(readFileSync(path.join(this.root, patch.file), 'utf8'), patch)
    this.#write(patch.file, text)
    const { code } = await transform(text, {
      loader: 'ts',
      format: 'esm',
      target: 'es2023',
      sourcefile: patch.file,
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    })
    this.#write(compiledName(patch.file), code)
  }

  async #bundle(): Promise<void> {
    const made = await this.#node(['dist/scripts/tooling/bundle.js'])
    if (made.code !== 0) throw new Error(`the programs don't build:\n${made.output}`)
    this.#bundled = true
  }

  /** Runs one test of a file, in a temporary folder of its own that nothing survives. */
  async test({ file, name }: Mutation['test']): Promise<Finished> {
    const compiled = compiledName(file)
    this.#write(compiled, onlyTest(readFileSync(path.join(root, compiled), 'utf8'), name))
    return this.#node(['--enable-source-maps', '--unhandled-rejections=strict', compiled])
  }

  async #node(args: readonly string[]): Promise<Finished> {
    // Short: sockets stand below it.
    const folder = mkdtempSync('/tmp/cf-')
    const env = { ...cleanEnvironment(), TMPDIR: folder }
    const finished = await run(process.execPath, args, { timeout: TEST_MS, env, cwd: this.root })
    reap(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    return finished
  }

  /** Makes the copy what it was. */
  restore(): void {
    for (const file of this.#changed) {
      rmSync(path.join(this.root, file), { force: true })
      linkOrCopy(path.join(root, file), path.join(this.root, file))
    }
    this.#changed.clear()
    if (!this.#bundled) return
    rmSync(path.join(this.root, 'dist/bin'), { recursive: true })
    this.#link('dist/bin')
    this.#bundled = false
  }

  end(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Where the compiler puts a source file's program. */
function compiledName(file: string): string {
  return path.join('dist', file.replace(/\.ts$/, '.js'))
}

function linkOrCopy(from: string, to: string): void {
  if (existsSync(to)) return
  try {
    linkSync(from, to)
  } catch {
    // Another file system, or one without hard links.
    copyFileSync(from, to)
  }
}
