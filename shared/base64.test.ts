import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromBase64, toBase64 } from './base64.js'
import { base64 } from './protocol/schema.js'

test("RFC 4648's vectors", () => {
  const vectors = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy']
  vectors.forEach((encoded, length) => {
    const bytes = new TextEncoder().encode('foobar'.slice(0, length))
    assert.is(toBase64(bytes), encoded)
    assert.equal(fromBase64(encoded), bytes)
  })
})

test('only the canonical form is taken, by codec and schema alike', () => {
  for (const bad of ['Zh==', 'Zm9=', 'Zg=', 'Zg', '=', '====', 'Z===', 'Zm 9', 'Zm9-', 'Z=g=']) {
    assert.is(fromBase64(bad), undefined, bad)
    assert.throws(() => base64(100).check(bad, 'value'), /is not base64/, bad)
  }
})

test('round trip', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(fromBase64(toBase64(bytes)), bytes)
      assert.is(base64(100).check(toBase64(bytes), 'value'), toBase64(bytes))
    }),
  )
})

test.run()
