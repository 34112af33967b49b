// The world that newcomers see pictures of: an org, two projects, two people, two devices of one, a dozen secrets.
import { cpSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { type Home } from '../harness/home.js'
import { type Relay } from '../harness/relay.js'
import { type World } from '../harness/world.js'

type Values = { readonly [name: string]: string }

export const ACME = ['--org', 'acme']
export const WEB = [...ACME, '--project', 'web']

const OF_WEB: Values = {
  'aws/access-key-id': 'AKIAEXAMPLE',
  'aws/secret-access-key': 'wJalrXUtnFEMI',
  'db/password': 'correct-horse',
  'db/replica-url': 'postgres://replica.acme.example/web',
  'db/url': 'postgres://db.acme.example/web',
  'jwt-signing-key': 'a-long-random-word',
  'mail/smtp-password': 'swordfish',
  'oauth/google-client-secret': 'GOCSPX-example',
  'sentry-dsn': 'https://sentry.acme.example/7',
  'session-key': 'another-random-word',
  'stripe/secret-key': 'sk_live_example',
  'stripe/webhook-secret': 'whsec_example',
}
const OF_API: Values = { 'db/url': 'postgres://db.acme.example/api', 'signing-key': 'a-third-word' }

/** Stores many values as one transaction. */
export async function fill(home: Home, where: readonly string[], values: Values): Promise<void> {
  await home.ok([...where, 'import', '--from', 'json', '-'], { stdin: JSON.stringify(values) })
}

/** Ada's first device, with an org and its secrets. */
export async function adasLaptop(world: World): Promise<Home> {
  const laptop = world.home('laptop')
  const label = ['--name', 'Ada', '--email', 'ada@acme.example', '--device-name', 'laptop']
  await laptop.ok(['init', ...label, '--key-file', laptop.keyFile])
  await laptop.ok(['org', 'create', 'acme'])
  for (const project of ['api', 'web']) await laptop.ok([...ACME, 'project', 'create', project])
  await fill(laptop, WEB, OF_WEB)
  await fill(laptop, [...ACME, '--project', 'api'], OF_API)
  return laptop
}

/** Lets in whoever joins by the code; returns when they are in. */
async function letIn(
  owner: Home,
  guest: Home,
  joining: readonly string[],
  [requests, confirm]: readonly [readonly string[], readonly string[]],
): Promise<void> {
  const join = guest.start(joining)
  const [, print = ''] = await join.printed(/fingerprint: (\S+)/)
  await owner.until(requests, (out) => out.includes(print))
  await owner.ok([...confirm, print])
  const { code } = await join.ended
  if (code !== 0) throw new Error(`can't join: ${join.describe()}`)
}

/** Ada's second device, or another one. */
export async function adasPhone(world: World, laptop: Home, name = 'phone'): Promise<Home> {
  const phone = world.home(name)
  const code = (await laptop.ok(['device', 'add'])).trim()
  const joining = ['join', code, '--device-name', name, '--key-file', phone.keyFile]
  await letIn(laptop, phone, joining, [
    ['device', 'requests'],
    ['device', 'confirm'],
  ])
  return phone
}

/** Grace, with a home of her own, as a member of Ada's org. */
export async function grace(
  world: World,
  relay: Relay,
  laptop: Home,
  level: 'write' | 'read' = 'write',
): Promise<Home> {
  const home = world.home('grace')
  const label = ['--name', 'Grace', '--email', 'grace@acme.example', '--device-name', 'desk']
  await home.ok(['init', ...label, '--key-file', home.keyFile])
  await relay.serve(home)
  const invite = ['org', 'invite', 'grace@acme.example', '--permission', level, '--name', 'Grace']
  const code = (await laptop.ok([...ACME, ...invite])).trim()
  await letIn(
    laptop,
    home,
    ['join', code],
    [
      [...ACME, 'org', 'invite', 'requests'],
      [...ACME, 'org', 'invite', 'confirm'],
    ],
  )
  return home
}

/** What a relay does that is put back from an old copy: `change` is made after that, and forgotten. */
export async function forgetting(relay: Relay, change: () => Promise<void>): Promise<void> {
  const copy = path.join(path.dirname(relay.data), 'old-copy')
  await relay.stop()
  cpSync(relay.data, copy, { recursive: true })
  await relay.start()
  await change()
  await relay.stop()
  rmSync(relay.data, { recursive: true })
  cpSync(copy, relay.data, { recursive: true })
  await relay.start()
}
