// The terminal UI with a fault in it: `crashing-ui.js render|event FILE` fails as soon as FILE is there, in an error whose
// message is what FILE holds.
import { existsSync, readFileSync } from 'node:fs'
import { Program } from '../../../cli/tui/shell/program.js'
import { Terminal } from '../../../cli/tui/shell/terminal.js'

const [where = '', file = ''] = process.argv.slice(2)

function fails(at: string): void {
  if (at === where && existsSync(file)) throw new Error(readFileSync(file, 'utf8'))
}

process.env['FORCE_COLOR'] = '1'
const size = (): { columns: number; rows: number } => ({
  columns: process.stdout.columns,
  rows: process.stdout.rows,
})
const program = new Program({
  env: process.env,
  offline: false,
  hasHome: true,
  terminal: new Terminal({ input: process.stdin, output: 1, size }, false),
  now: () => {
    fails('event')
    return Date.now()
  },
  world: {
    now: Date.now(),
    ...size(),
    cwd: process.cwd(),
    start: { cwd: process.cwd(), env: {} },
    colour: true,
    reader: false,
    revealFor: 600_000,
    clipboardFor: 45_000,
    daemon: 'connected',
    status: undefined,
    // Read by nobody but the header, while it is drawn.
    sync: {
      get relay() {
        fails('render')
        return null
      },
      otherRelays: [],
      queued: 0,
      conflicts: 0,
    },
    places: [],
    placesRead: false,
    orgs: [],
    alarms: [],
    staged: [],
    deleted: [],
  },
})
const { code, word = '' } = await program.run()
process.stderr.write(word)
process.exit(code)
