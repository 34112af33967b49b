import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { readBuildLine, withSecrets } from './command-line.js'

const words = (line: string): string[] => line.split(' ')

test('where the build stands in a line, and what it reads', () => {
  const table: readonly (readonly [string, number, readonly string[], string])[] = [
    ['buildah bud .', 2, [], '.'],
    ['buildah --root /s bud --isolation chroot -t t ctx', 4, [], 'ctx'],
    ['unshare -n /usr/bin/buildah build -f A --file=B ctx', 4, ['A', 'B'], 'ctx'],
    ['docker buildx build . -t x', 3, [], 'x'],
    ['docker --context c image build -fA .', 5, ['A'], '.'],
    ['podman build -f - .', 2, ['-'], '.'],
  ]
  for (const [line, at, files, context] of table) {
    const read = readBuildLine(words(line))
    assert.equal([read.at, read.files, read.contexts[0]], [at, files, context], line)
  }
  assert.equal(readBuildLine(words('docker build . -t x')).contexts, ['x', '.'])
  const given = readBuildLine(words('docker build --secret id=a,src=f --secret=src=g,id=b .'))
  assert.equal(given.ids, ['a', 'b'])
})

test('a command that builds nothing is refused', async () => {
  const lines = [
    'make image',
    'buildah',
    'docker ps',
    'build docker',
    'docker compose build',
    'docker run build',
  ]
  for (const line of lines) {
    const refused = refusedWith(() => Promise.resolve().then(() => readBuildLine(words(line))))
    assert.equal(await refused, ['usage', 'not-a-build'], line)
  }
})

test('secrets go right behind the build, always by type, and the rest stays', () => {
  const argv = words('buildah --root build-root bud -t t ctx')
  const { at } = readBuildLine(argv)
  assert.equal(
    withSecrets(argv, at, [{ id: 'tok', path: '/dev/shm/f/0' }], 'S=1'),
    words(
      'buildah --root build-root bud --secret id=tok,type=file,src=/dev/shm/f/0 --build-arg S=1 -t t ctx',
    ),
  )
  assert.equal(
    withSecrets(words('buildctl build --frontend x'), 2, [], 'S=1'),
    words('buildctl build --opt build-arg:S=1 --frontend x'),
  )
})

test.run()
