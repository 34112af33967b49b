import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkSelectionFile, isOffline, selectionFiles, selectScope } from './selection.js'
import { verdictOf } from '../../../shared/testing/refusal.js'

test('flags, environment, file, memory: the first that speaks', () => {
  const env = { COFFER_ORG: 'c', COFFER_PROJECT: 'cp', EARTHLY_ORG: 'e', EARTHLY_PROJECT: 'ep' }
  const file = { org: 'f', project: 'fp' }
  const memory = { org: 's', project: 'sp' }
  const flags = selectScope({ org: 'o', project: 'p', env }, file, memory)
  assert.equal(flags, { org: 'o', project: 'p', orgFrom: 'flag', projectFrom: 'flag' })
  const coffer = selectScope({ env }, file, memory)
  assert.equal(coffer, {
    org: 'c',
    project: 'cp',
    orgFrom: 'environment',
    projectFrom: 'environment',
  })
  const earthly = selectScope({ env: { EARTHLY_ORG: 'e', EARTHLY_PROJECT: 'ep' } }, file, memory)
  assert.is(`${earthly.org}/${earthly.project}`, 'e/ep')
  const fromFile = selectScope({ env: { COFFER_ORG: '', EARTHLY_ORG: '' } }, file, memory)
  assert.is(`${fromFile.org}/${fromFile.project} ${fromFile.orgFrom}`, 'f/fp file')
  const remembered = selectScope({ env: {} }, {}, memory)
  assert.is(`${remembered.org}/${remembered.project} ${remembered.projectFrom}`, 's/sp select')
  assert.equal(selectScope({ env: {} }, {}, {}), {
    org: undefined,
    project: undefined,
    orgFrom: 'nothing',
    projectFrom: 'nothing',
  })
})

test("a project said with another org doesn't count", () => {
  const other = selectScope({ org: 'other', env: {} }, { org: 'acme', project: 'web' }, {})
  assert.is(other.project, undefined)
  const same = selectScope({ org: 'acme', env: {} }, { org: 'acme', project: 'web' }, {})
  assert.is(same.project, 'web')
  const skip = selectScope(
    { org: 'acme', env: { EARTHLY_ORG: 'x', EARTHLY_PROJECT: 'xp' } },
    {},
    { org: 'acme', project: 'web' },
  )
  assert.is(skip.project, 'web')
  const alone = selectScope({ org: 'other', env: { COFFER_PROJECT: 'api' } }, {}, {})
  assert.is(alone.project, 'api')
})

test('an empty flag is refused, not taken for nothing', () => {
  assert.is(
    verdictOf(() => selectScope({ org: '', env: {} }, {}, { org: 'a' })),
    'usage/empty-flag',
  )
  assert.is(
    verdictOf(() => selectScope({ project: '', env: {} }, {}, {})),
    'usage/empty-flag',
  )
  assert.is(
    verdictOf(() => selectScope({ org: 'a/b', env: {} }, {}, {})),
    'format/empty-segment',
  )
})

test('the file is looked for upwards', () => {
  assert.equal(selectionFiles('/home/me'), [
    '/home/me/.coffer.yaml',
    '/home/.coffer.yaml',
    '/.coffer.yaml',
  ])
  assert.equal(selectionFiles('/'), ['/.coffer.yaml'])
})

test('the file may select and nothing more', () => {
  assert.equal(checkSelectionFile(null), {})
  const all = { org: 'o', project: 'p', env: { A: 'x' }, files: { 'etc/f': 'y' }, only: ['A'] }
  assert.equal(checkSelectionFile(all), all)
  assert.is(
    verdictOf(() => checkSelectionFile({ relay: 'ws://x' })),
    'format/not-selectable',
  )
  for (const bad of [
    [],
    'x',
    { other: 1 },
    { org: 1 },
    { org: 'a/b' },
    { env: ['A'] },
    { env: { 'A B': 'x' } },
    { env: { A: 1 } },
    { files: { '/f': 'y' } },
    { files: { '../f': 'y' } },
    { files: { 'a/../../f': 'y' } },
    { files: { 'a//f': 'y' } },
    { files: { './f': 'y' } },
    { files: { '.git/hooks/pre-commit': 'y' } },
    { files: { '': 'y' } },
    { files: { 'a\0': 'y' } },
    { only: {} },
  ]) {
    assert.match(
      verdictOf(() => checkSelectionFile(bad)),
      /^format\//,
    )
  }
})

test('offline is said by a flag or a word', () => {
  assert.ok(isOffline({ offline: true, env: {} }))
  assert.ok(isOffline({ env: { COFFER_OFFLINE: 'True' } }))
  assert.not(isOffline({ env: { COFFER_OFFLINE: '0' } }))
  assert.is(
    verdictOf(() => isOffline({ env: { COFFER_OFFLINE: 'maybe' } })),
    'usage/bad-variable',
  )
})

test('any parsed document is checked or refused with a code', () => {
  fc.assert(
    fc.property(fc.anything(), (parsed) => {
      assert.match(
        verdictOf(() => checkSelectionFile(parsed)),
        /^(holds|(format|limit)\/)/,
      )
    }),
    { numRuns: 500 },
  )
})

test.run()
