// What the terminal UI costs, beside an Ink program of one line.
import { build } from 'esbuild'
import * as path from 'node:path'
import { inWorld, type World } from '../e2e/harness/world.js'
import { type Home } from '../e2e/harness/home.js'
import { withoutDevtools } from '../tooling/ink.js'
import { root } from '../tooling/repo.js'
import { MB, type Bench, type Group } from './bench.js'
import { Pty, type PtyOptions } from './pty.js'
import { connect, CONTEXT, importAll, secretNames } from './rpc.js'
import { startOf } from './spawned.js'
import { inTurn, median } from './turns.js'

const MANY = 10_000
const SMALL = { columns: 80, rows: 24 } as const
const LARGE = { columns: 200, rows: 60 } as const

/** Draws one line, and counts the keys pressed. */
const FLOOR = `
  import { createElement, useState } from 'react'
  import { render, Text, useInput } from 'ink'
  const App = () => {
    const [pressed, setPressed] = useState(0)
    useInput(() => setPressed((n) => n + 1))
    return createElement(Text, null, 'floor ' + pressed)
  }
  render(createElement(App))`

export const terminalUi: Group = {
  figures: ['ui-first-frame', 'ui-key', 'ui-key-large', 'ui-memory'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      await home.init()
      await filled(home)
      const floor = `${process.execPath} ${await floorProgram(world)}`
      await firstFrame(bench, world, home, floor)
      await keys(bench, world, home, floor)
    }),
}

async function filled(home: Home): Promise<void> {
  const client = await connect(home.folder)
  try {
    await client.call('orgCreate', { context: CONTEXT, name: 'bench' })
    await client.call('orgSelect', { context: CONTEXT, name: 'bench' })
    await client.call('projectCreate', { context: CONTEXT, name: 'app' })
    await client.call('projectSelect', { context: CONTEXT, name: 'app' })
    await importAll(
      client,
      secretNames(MANY).map((name) => name.replace('/user/', '')),
    )
  } finally {
    client.close()
  }
}

/** Bundled as the terminal UI is: found and read in one file. */
async function floorProgram(world: World): Promise<string> {
  const out = path.join(world.work, 'floor.mjs')
  await build({
    stdin: { contents: FLOOR, resolveDir: root },
    outfile: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    ...withoutDevtools,
  })
  return out
}

function starts(command: string, drawn: string, options: PtyOptions): () => Promise<number> {
  return async () => {
    const pty = new Pty(command, options)
    const took = await pty.draws(drawn)
    await pty.end()
    return took
  }
}

async function firstFrame(bench: Bench, world: World, home: Home, floor: string): Promise<void> {
  if (!bench.wanted('ui-first-frame')) return
  const options = { ...startOf(world, home), ...SMALL }
  const measured = await inTurn(
    bench.quick ? 5 : 21,
    starts(floor, 'floor', options),
    starts('coffer ui', `${MANY} secrets`, options),
  )
  bench.add({
    name: 'ui-first-frame',
    what: 'coffer ui to its list of 10,000',
    unit: 'ms',
    ...measured,
    floorIs: 'an Ink program of one line',
    target: { timesFloor: 3 },
  })
}

type Cost = { readonly key: number; readonly resident: number }

/** Moves through the list, types into its filter and empties it again. */
async function pressed(
  command: string,
  [drawn, escaped]: readonly [string, string],
  options: PtyOptions,
): Promise<Cost> {
  const pty = new Pty(command, options)
  await pty.draws(drawn)
  const typed = Array.from('secret99')
  const round = [...Array.from('jjjjjjjjjj'), '/', ...typed, ...typed.map(() => '\x7f')]
  const play = async (): Promise<void> => {
    for (const key of round) await pty.press(key)
    await pty.press('\x1b', escaped)
  }
  await play()
  const before = pty.cpu()
  const rounds = 4
  for (let n = 0; n < rounds; n++) await play()
  const cost = {
    key: (pty.cpu() - before) / (rounds * (round.length + 1)),
    resident: pty.resident() / MB,
  }
  await pty.end()
  return cost
}

async function keys(bench: Bench, world: World, home: Home, floor: string): Promise<void> {
  if (!['ui-key', 'ui-key-large', 'ui-memory'].some(bench.wanted)) return
  const costs = async (
    command: string,
    drawn: readonly [string, string],
    size: typeof SMALL | typeof LARGE,
  ) => {
    const all: Cost[] = []
    for (let n = 0; n < (bench.quick ? 1 : 3); n++) {
      all.push(await pressed(command, drawn, { ...startOf(world, home), ...size }))
    }
    return {
      key: median(all.map(({ key }) => key)),
      resident: median(all.map((one) => one.resident)),
    }
  }
  const listed = [`${MANY} secrets`, `${MANY} secrets`] as const
  const bare = await costs(floor, ['floor', 'floor'], SMALL)
  const small = await costs('coffer ui', listed, SMALL)
  const large = await costs('coffer ui', listed, LARGE)
  const floorIs = 'an Ink program that counts keys'
  const key = { unit: 'ms', floor: bare.key, floorIs, target: { atMost: 16 } } as const
  bench.add({ name: 'ui-key', what: 'CPU of a key among 10,000, 80×24', value: small.key, ...key })
  bench.add({ name: 'ui-key-large', what: 'the same, 200×60', value: large.key, ...key })
  bench.add({
    name: 'ui-memory',
    what: 'resident with 10,000, the larger of both',
    unit: 'MB',
    value: Math.max(small.resident, large.resident),
    floor: bare.resident,
    floorIs,
    target: { atMost: 120 },
  })
}
