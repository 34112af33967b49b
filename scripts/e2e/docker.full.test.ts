// Docker's BuildKit as Debian ships it, with no network. With --full only, since its packages are large.
import { copyFileSync, cpSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from '../tooling/repo.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'

/** An engine of its own folder, which ends with the world; so do its mounts. */
async function engine(world: World): Promise<NodeJS.ProcessEnv> {
  const at = (name: string): string => path.join(world.folder, name)
  const socket = `unix://${at('docker.sock')}`
  world.start([
    'unshare',
    '-m',
    'dockerd',
    '--iptables=false',
    '--bridge=none',
    '--storage-driver=vfs',
    `--data-root=${at('docker')}`,
    `--exec-root=${at('engine')}`,
    `--pidfile=${at('docker.pid')}`,
    `--host=${socket}`,
  ])
  const env = { DOCKER_HOST: socket, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain' }
  await until('the engine answers', async () => {
    const { code } = await world.start(['/usr/bin/docker', 'version'], { env }).ended
    return code === 0 ? true : undefined
  })
  return env
}

test('docker build gets the secrets that its Dockerfile mounts, and its image holds none', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['org', 'create', 'acme'])
    await home.ok(['project', '--org', 'acme', 'create', 'web'])
    await home.ok(['project', '--org', 'acme', 'select', 'web'])
    await home.ok(['set', 'NPM_TOKEN', 'hunter2-of-docker'])
    await home.ok(['set', 'npmrc', 'another'])
    const context = path.join(world.work, 'context')
    cpSync(path.join(root, 'examples/container'), context, { recursive: true })
    copyFileSync(path.join(context, 'Containerfile'), path.join(context, 'Dockerfile'))
    copyFileSync('/bin/busybox', path.join(context, 'busybox'))
    const env = { ...(await engine(world)), NPM_TOKEN: 'wrong', XDG_RUNTIME_DIR: '' }
    const docker = ['/usr/bin/docker', 'build', '--network', 'none', '-t', 'example', context]
    await home.ok(['build', '--digest-arg', 'SECRETS', '--', ...docker], { env })

    const saved = path.join(world.work, 'image.tar')
    const save = await world.start(['/usr/bin/docker', 'save', '-o', saved, 'example'], { env })
      .ended
    assert.is(save.code, 0, save.err)
    const look = await world.start(['tar', '-xOf', saved]).ended
    assert.match(look.stdout.toString('latin1'), /built with a token of 17 bytes \([0-9a-f]{32}\)/)
    const search = await world.start([
      'grep',
      '-rqa',
      'hunter2-of-docker',
      saved,
      path.join(world.folder, 'docker'),
    ]).ended
    assert.is(search.code, 1)

    // A missing one ends before the builder is asked.
    await home.ok(['rm', 'npmrc'])
    const refused = await home.exits(20, ['build', '--', ...docker], { env })
    assert.match(refused.err, /the build needs what is not there: coffer:\/\/acme\/web\/npmrc/)
    assert.is(refused.out, '')
  })
})

test.run()
