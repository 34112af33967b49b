import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { USER, type Place } from './place.js'
import { overtaken, stage, stagedIn, stagedSummary, without, type Staged } from './staging.js'

const WEB: Place = { kind: 'project', org: 'acme', project: 'web' }
const aChange = (name: string, more: Partial<Staged> = {}): Staged => ({
  place: WEB,
  name,
  value: 'djE=',
  over: 'v1',
  overtaken: false,
  ...more,
})

test('of one name the last change counts, over what the first went over', () => {
  const staged = stage(stage([], aChange('A')), aChange('A', { value: 'djI=', over: 'v9' }))
  assert.equal(staged, [aChange('A', { value: 'djI=' })])
  assert.is(stage(staged, aChange('A', { place: USER })).length, 2, 'another place, another name')
})

test('a delete of what is only staged leaves nothing', () => {
  const staged = stage([], aChange('A', { over: undefined }))
  assert.equal(stage(staged, aChange('A', { value: undefined, over: undefined })), [])
  const known = stage([], aChange('A', { value: undefined }))
  assert.is(known[0]?.value, undefined)
  assert.is(known.length, 1)
})

test('what others wrote marks what is staged over it, and stays marked through another change', () => {
  const all = [aChange('A'), aChange('B'), aChange('A', { place: USER })]
  const isWeb = (place: Place): boolean => place.kind === 'project'
  const marks = (names: readonly string[] | null): boolean[] =>
    overtaken(all, isWeb, names).map((one) => one.overtaken)
  assert.equal(marks(['A']), [true, false, false])
  assert.equal(marks(null), [true, true, false])
  assert.is(overtaken(all, isWeb, ['C']), all)
  const again = stage(overtaken(all, isWeb, ['A']), aChange('A', { value: 'djI=' }))
  assert.is(again.at(-1)?.overtaken, true)
})

test('what was saved goes, also where it was marked meanwhile; another value of the name stays', () => {
  const all = [aChange('A', { overtaken: true }), aChange('B', { value: 'djI=' })]
  assert.equal(without(all, [aChange('A'), aChange('B')]), [all[1]])
})

test('places are told apart, and counted for people', () => {
  const all = [aChange('A'), aChange('B'), aChange('C', { place: USER })]
  assert.equal(stagedIn(all, USER), [all[2]])
  assert.is(stagedSummary(all), '2 changes in acme/web, 1 in /user/')
  assert.is(stagedSummary([aChange('A')]), '1 change in acme/web')
})

test.run()
