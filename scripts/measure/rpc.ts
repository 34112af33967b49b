// A connection to a home's daemon: what the terminal UI would hold, without starting a program for each question.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import * as path from 'node:path'
import { Client } from '../../cli/reach/client.js'
import { toBase64 } from '../../shared/base64.js'
import { utf8 } from '../../shared/bytes.js'
import { type Context } from '../../shared/protocol/local-common.js'
import { HOME_FILES, parsePointer } from '../../shared/protocol/socket-path.js'
import { VERSION } from '../../shared/version.js'

export const CONTEXT: Context = { cwd: '/', env: {} }

/** Connects to the daemon that runs in `home` and shakes hands. */
export async function connect(home: string): Promise<Client> {
  const pointer = parsePointer(readFileSync(path.join(home, HOME_FILES.socket), 'utf8'))
  if (pointer === undefined) throw new Error(`no daemon has named its socket in ${home}`)
  const socket = createConnection(pointer.socket)
  await once(socket, 'connect')
  const client = new Client(socket)
  await client.call('handshake', { version: VERSION })
  return client
}

/** A value as the local protocol carries it. */
export function valueOf(text: string): string {
  return toBase64(utf8(text))
}

const TRANSACTION = 1000

/** Names and values for `count` secrets, alike in every run. */
export function secretNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `/user/service-${i % 40}/secret-${i}`)
}

/** Writes secrets in transactions of 1,000, as an import does. */
export async function importAll(client: Client, names: readonly string[]): Promise<void> {
  for (let from = 0; from < names.length; from += TRANSACTION) {
    const items = names
      .slice(from, from + TRANSACTION)
      .map((name) => ({ name, value: valueOf(`value of ${name}`) }))
    await client.call('secretSetMany', { context: CONTEXT, items, dryRun: false })
  }
}

/** Writes each secret as a changeset of its own, some at a time. */
export async function setEach(client: Client, names: readonly string[]): Promise<void> {
  const queue = names.values()
  const worker = async (): Promise<void> => {
    for (const name of queue) {
      const value = valueOf(`value of ${name}`)
      await client.call('secretSet', { context: CONTEXT, name, value })
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}
