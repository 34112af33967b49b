import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder } from './make-folder.js'
import { systemCode } from './system-error.js'

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

/** Makes folders in `there`, and answers `code` for all below /proc. */
function system(there: string[], code = 'ENOENT') {
  const fail = (failure: string): never => {
    throw Object.assign(new Error('mkdir failed'), { code: failure })
  }
  return {
    make: (path: string): void => {
      if (there.includes(path)) fail('EEXIST')
      if (path.startsWith('/proc')) fail(code)
      if (!there.includes(parentOf(path))) fail('ENOENT')
      there.push(path)
    },
    parentOf,
  }
}

test('a folder is made with those above it, once', () => {
  const there = ['/', '/proc', '/home']
  makeFolder('/home/ann/data/relay', system(there))
  makeFolder('/home/ann/data/relay', system(there))
  assert.equal(there.slice(3), ['/home/ann', '/home/ann/data', '/home/ann/data/relay'])
})

test('what the system refuses is told, and ends', () => {
  for (const code of ['ENOENT', 'EACCES', 'EROFS']) {
    try {
      makeFolder('/proc/a/b', system(['/', '/proc'], code))
      assert.unreachable()
    } catch (error) {
      assert.is(systemCode(error), code)
    }
  }
})

test.run()
