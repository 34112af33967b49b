import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hasHidden } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import {
  checkName,
  checkScopeName,
  checkScopeReference,
  formatReference,
  isBelow,
  nameProblem,
  parsePrefix,
  parseReference,
  type Scope,
} from './reference.js'
import { verdictOf } from '../../../shared/testing/refusal.js'

const none: Scope = {}
const web: Scope = { org: 'acme', project: 'web' }

const TABLE: readonly (readonly [string, Scope, string])[] = [
  ['NAME', none, '/user/NAME'],
  ['super/secret', none, '/user/super/secret'],
  ['/super/secret', none, '/user/super/secret'],
  ['/a/b/c', none, '/user/a/b/c'],
  ['/user/NAME', none, '/user/NAME'],
  ['/user/NAME', web, '/user/NAME'],
  ['user/NAME', web, '/user/NAME'],
  ['/username', web, 'coffer://acme/web/username'],
  ['NAME', web, 'coffer://acme/web/NAME'],
  ['/NAME', web, 'coffer://acme/web/NAME'],
  ['db/prod/NAME', web, 'coffer://acme/web/db/prod/NAME'],
  ['/db/prod/NAME', web, 'coffer://acme/web/db/prod/NAME'],
  ['/acme/web/NAME', web, 'coffer://acme/web/NAME'],
  ['/acme/api/a/NAME', web, 'coffer://acme/api/a/NAME'],
  ['/acme/api/NAME', { org: 'acme' }, 'coffer://acme/api/NAME'],
  ['acme/web/NAME', web, 'coffer://acme/web/acme/web/NAME'],
  ['/acme/NAME', web, 'coffer://acme/web/acme/NAME'],
  ['/other/web/NAME', web, 'coffer://acme/web/other/web/NAME'],
  ['coffer://o/p/path/NAME', none, 'coffer://o/p/path/NAME'],
  ['coffer://o~2/p~3/NAME', web, 'coffer://o~2/p~3/NAME'],
  ['coffer://user/path/NAME', web, '/user/path/NAME'],
  ['coffer://o/p/50%25 & more?', none, 'coffer://o/p/50%25 & more?'],
  ['cafe\u0301', none, '/user/caf\u00e9'],
]

test('references mean what the table says', () => {
  for (const [typed, scope, meaning] of TABLE) {
    assert.is(formatReference(parseReference(typed, scope)), meaning, typed)
  }
})

const REFUSED: readonly (readonly [string, Scope, string])[] = [
  ['', none, 'format/empty'],
  ['/', web, 'format/empty'],
  ['/user', none, 'format/empty'],
  ['user/', none, 'format/empty'],
  ['coffer://', none, 'format/empty'],
  ['coffer://o/p', none, 'format/empty'],
  ['coffer://o/p/', none, 'format/empty'],
  ['coffer:///p/NAME', none, 'format/empty'],
  ['coffer:o/p/NAME', web, 'format/reserved'],
  ['COFFER://o/p/NAME', web, 'format/reserved'],
  ['a//b', none, 'format/empty-segment'],
  ['a/', none, 'format/empty-segment'],
  ['//a', none, 'format/empty-segment'],
  ['a/../b', none, 'format/dot-segment'],
  ['.', none, 'format/dot-segment'],
  ['A=B', none, 'format/equals-sign'],
  ['a\nb', none, 'format/hidden-character'],
  ['a\x1b[31m', none, 'format/hidden-character'],
  ['a\0', none, 'format/hidden-character'],
  ['a\u202eb', none, 'format/hidden-character'],
  ['a\u200db', none, 'format/hidden-character'],
  [' a', none, 'format/outer-blank'],
  ['a /b', none, 'format/outer-blank'],
  ['p\u0430ypal', none, 'format/mixed-script'],
  ['\ud800', none, 'format/not-unicode'],
  ['x'.repeat(256), none, 'limit/too-long'],
  ['é'.repeat(128), none, 'limit/too-long'],
  ['coffer://acme/web/user/x', none, 'format/reserved'],
  ['NAME', { org: 'acme' }, 'usage/no-project'],
  ['NAME', { project: 'web' }, 'usage/no-org'],
]

test('what is no reference is refused by its reason', () => {
  for (const [typed, scope, reason] of REFUSED) {
    assert.is(
      verdictOf(() => parseReference(typed, scope)),
      reason,
      JSON.stringify(typed),
    )
  }
})

test('words of one script each may stand together', () => {
  for (const name of [
    'пароль/db',
    'λ',
    'mi/пароль',
    '日本/Key',
    '鍵key',
    'my proj',
    'K-1.x_y:z~2',
  ]) {
    assert.is(nameProblem(name), undefined, name)
  }
  assert.is(checkName('x'.repeat(255)).length, 255)
})

test('the listing of a prefix', () => {
  const prefix = (typed: string | undefined, scope: Scope): string =>
    formatReference(parsePrefix(typed, scope))
  assert.is(prefix(undefined, none), '/user/')
  assert.is(prefix(undefined, web), 'coffer://acme/web/')
  assert.is(prefix('/', web), 'coffer://acme/web/')
  assert.is(prefix('/user', web), '/user/')
  assert.is(prefix('/user/', web), '/user/')
  assert.is(prefix('/user/a/', web), '/user/a')
  assert.is(prefix('db/', web), 'coffer://acme/web/db')
  assert.is(prefix('coffer://o/p', none), 'coffer://o/p/')
  assert.is(prefix('/acme/api/', web), 'coffer://acme/api/')
  assert.is(
    verdictOf(() => parsePrefix('a//', web)),
    'format/empty-segment',
  )
  assert.ok(isBelow('a/b', 'a'))
  assert.ok(isBelow('a', 'a'))
  assert.not(isBelow('ab', 'a'))
  assert.ok(isBelow('anything', ''))
})

test('names of orgs and projects', () => {
  assert.is(checkScopeName('org', 'my org'), 'my org')
  assert.is(checkScopeName('project', 'user'), 'user')
  assert.is(checkScopeReference('org', 'acme~2'), 'acme~2')
  const bad = ['', 'a/b', 'a=b', '..', 'acme~2', '\x1b']
  for (const name of bad) {
    assert.is.not(
      verdictOf(() => checkScopeName('project', name)),
      'holds',
      name,
    )
  }
  assert.is(
    verdictOf(() => checkScopeName('org', 'user')),
    'format/reserved',
  )
  assert.is(
    verdictOf(() => checkScopeReference('org', 'user~2')),
    'format/reserved',
  )
})

test('no error shows what a terminal would obey', () => {
  try {
    parseReference('evil\x1b]0;title\x07', none)
    assert.unreachable()
  } catch (error) {
    assert.instance(error, CofferError)
    assert.not(hasHidden(String(error)))
  }
})

test('whatever is typed: a target that its canonical form gives back, or a coded refusal', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('user', 'acme', 'web', 'coffer://', '/', '//', '~2', '..', ' ', '=', 'a', 'é'),
  )
  const typed = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''))
  const scope = fc.constantFrom(none, web, { org: 'acme' }, { org: 'acme~2', project: 'web' })
  fc.assert(
    fc.property(typed, scope, (text, where) => {
      let target
      try {
        target = parseReference(text, where)
      } catch (error) {
        assert.instance(error, CofferError)
        return
      }
      assert.equal(parseReference(formatReference(target), none), target)
      assert.equal(parseReference(formatReference(target), web), target)
      assert.is(nameProblem(target.name), undefined)
    }),
    { numRuns: 2000 },
  )
})

test.run()
