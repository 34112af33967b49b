import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { VERSION } from '../../shared/version.js'
import { root } from '../tooling/repo.js'

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const manifest = (): Record<string, unknown> => {
  const json: unknown = JSON.parse(read('package.json'))
  assert.ok(typeof json === 'object' && json !== null)
  return { ...json }
}

test('the version that the programs tell is the package', () => {
  assert.is(manifest()['version'], VERSION)
  assert.match(read('package-lock.json').slice(0, 200), `"version": "${VERSION}"`)
})

test('the package holds every document that README.md leads to', () => {
  const files = manifest()['files']
  assert.ok(Array.isArray(files))
  // npm takes these two along unasked.
  const packed = new Set([...files, 'README.md', 'LICENSE'])
  const documents = readdirSync(root).filter((name) => /^[A-Z-]+\.md$/.test(name))
  const linked = documents.filter((name) => read('README.md').includes(`(${name})`))
  assert.ok(linked.length > 3, 'README.md links documents')
  assert.equal(
    linked.filter((name) => !packed.has(name)),
    [],
  )
  for (const name of packed) assert.ok(existsSync(path.join(root, String(name))), String(name))
})

test.run()
