import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Driven } from '../testing/people.js'

const WEB = {
  place: { kind: 'project', org: 'acme', project: 'web' },
  vaultId: 'v1',
  role: 'owner',
} as const

test('a project is made in a new org: the org first', () => {
  const driven = new Driven('places', { orgs: [] }).press('n').type('acme').press('enter')
  driven.type('web').press('enter')
  assert.is(driven.lastCall('orgCreate')?.name, 'acme')
  assert.is(driven.countOf('projectCreate'), 0)
  driven.answer('orgCreate', { vaultId: 'o1'.repeat(32), name: 'acme~2', warnings: [] })
  assert.equal(driven.lastCall('projectCreate'), {
    context: { cwd: '/home/ada', env: {}, org: 'acme~2' },
    name: 'web',
  })
  driven.fail('projectCreate', { message: 'there is one', next: 'take another name' }, 'acme~2')
  assert.match(driven.said, /there is one\nNext: take another name/)
  const { dialog } = driven.press('enter')
  assert.equal(dialog?.kind === 'form' && dialog.fields.map(({ field }) => field.text), [
    'acme~2',
    '',
    'web',
  ])
  driven.press('ctrl-s')
  assert.is(driven.countOf('orgCreate'), 1)
  driven.answer('orgList', { orgs: [] }, '', 0)
  const reads = driven.countOf('orgList')
  driven.answer('projectCreate', { vaultId: 'p1'.repeat(32), name: 'web', warnings: [] }, 'acme~2')
  assert.match(driven.state.note?.text ?? '', /made: acme~2\/web/)
  assert.is(driven.countOf('orgList'), reads + 1)
})

test('a project goes once its name is typed', () => {
  const driven = new Driven('places', { places: [WEB] }).press('X').type('we').press('enter')
  assert.is(driven.countOf('projectRemove'), 0)
  const { dialog } = driven
  assert.match((dialog?.kind === 'form' && dialog.problem) || '', /that is not web/)
  driven.type('web').press('enter')
  assert.equal(driven.lastCall('projectRemove'), {
    context: { cwd: '/home/ada', env: {}, org: 'acme' },
    name: 'web',
  })
  driven.answer('projectRemove', {})
  assert.match(driven.state.note?.text ?? '', /removed: acme\/web/)
})

test.run()
