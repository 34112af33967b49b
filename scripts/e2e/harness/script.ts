// Runs a test that is written as a script; scripts/e2e/testdata/README.md says what can be written there.
import { root } from '../../tooling/repo.js'
import { parseArchive, words } from './txtar.js'
import { COMMANDS, type State } from './commands.js'
import { World, type WorldOptions } from './world.js'

/** Runs the script in a world of its own. Fails with the line's number, the line, and what the last program said. */
export async function runScript(
  name: string,
  text: string,
  options: WorldOptions = {},
): Promise<void> {
  const { script, files } = parseArchive(text)
  const world = new World(options)
  try {
    for (const [file, content] of files) world.file(file, content)
    const state = initialState(world)
    for (const [index, line] of script.split('\n').entries()) {
      await runLine(state, line).catch((error: unknown) => {
        const said = error instanceof Error ? error.message : String(error)
        throw new Error(`${name}:${index + 1}: ${line}\n${said}${lastSaid(state)}`, {
          cause: error,
        })
      })
    }
    await finish(state)
  } finally {
    world.close()
  }
}

function initialState(world: World): State {
  const home = world.home('a')
  return {
    world,
    home,
    relays: new Map(),
    background: new Map(),
    variables: new Map([
      ['WORK', world.work],
      ['WORLD', world.folder],
      ['REPO', root],
      ['MEMORY', world.memory],
      ['COFFER_HOME', home.folder],
      ['KEY_FILE', home.keyFile],
    ]),
    env: {},
    cwd: world.work,
    stdin: undefined,
    last: undefined,
  }
}

async function runLine(state: State, line: string): Promise<void> {
  const variable = (name: string): string => {
    const value = state.variables.get(name)
    if (value === undefined) throw new Error(`$${name} has no value`)
    return value
  }
  const [first, ...rest] = words(line, variable)
  if (first === undefined) return
  const negated = first === '!'
  const [name = '', ...args] = negated ? rest : [first, ...rest]
  const command = COMMANDS[name]
  if (command === undefined) throw new Error(`there is no command '${name}'`)
  if (negated && !command.negatable) throw new Error(`'${name}' can't be negated`)
  await command.run(state, args, negated)
}

function lastSaid(state: State): string {
  const { last } = state
  if (last === undefined) return ''
  return `\nlast program: exit ${last.code}\n[stdout]\n${last.out}\n[stderr]\n${last.err}`
}

/** A script that started something in the background must have seen its end. */
function finish(state: State): Promise<void> {
  const left = [...state.background.keys()]
  return left.length === 0
    ? Promise.resolve()
    : Promise.reject(new Error(`never waited for: ${left.join(', ')}`))
}
