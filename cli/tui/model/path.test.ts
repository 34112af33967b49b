import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { absolute } from './path.js'

test('a relative path is seen from the folder, an absolute one stays', () => {
  assert.is(absolute('/home/ada', 'keys/one'), '/home/ada/keys/one')
  assert.is(absolute('/home/ada', '/keys/one'), '/keys/one')
  assert.is(absolute('/home/ada', '../bob/./key'), '/home/bob/key')
  assert.is(absolute('/', '../../key'), '/key')
  assert.is(absolute('/', 'key'), '/key')
})

test.run()
