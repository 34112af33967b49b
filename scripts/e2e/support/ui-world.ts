// The world around the terminal UI: a relay, Ada's devices and her org, and terminals in which the UI runs.
import * as assert from 'uvu/assert'
import { type Home } from '../harness/home.js'
import { Relay } from '../harness/relay.js'
import { World } from '../harness/world.js'
import { adasLaptop, adasPhone, WEB } from './acme.js'
import { USUAL } from './picture.js'
import { type Terminal, type TerminalOptions, withTerminal } from './terminal.js'

type Story = (terminal: Terminal) => Promise<void>

export class UiWorld {
  readonly world = new World()
  readonly relay = new Relay(this.world, {})
  readonly laptop: Home = this.world.home('laptop')
  readonly phone: Home = this.world.home('phone')

  /** @param more devices of Ada's beside laptop and phone */
  async open(...more: readonly string[]): Promise<void> {
    await this.relay.start()
    await adasLaptop(this.world)
    await this.relay.serve(this.laptop)
    for (const name of ['phone', ...more]) await adasPhone(this.world, this.laptop, name)
  }

  close(): void {
    this.world.close()
  }

  /** Writes a secret of acme/web. */
  write(home: Home, name: string, value: string): Promise<string> {
    return home.ok([...WEB, 'set', name, '--stdin'], { stdin: value })
  }

  /**
   * The UI of a home in a terminal of 80×24, with what is revealed staying so; it must end well.
   * @param ready what it shows before the story begins
   */
  async inUi(
    home: Home,
    ready: RegExp,
    story: Story,
    { columns = USUAL[0], rows = USUAL[1], ...options }: TerminalOptions = {},
  ): Promise<void> {
    const told: Story = async (terminal) => {
      const { ended } = terminal.start('coffer ui --reveal 10m')
      await terminal.shows(ready)
      await story(terminal)
      terminal.key('C-c')
      assert.is(await ended(), 0)
    }
    await withTerminal(this.world, home, told, { ...options, columns, rows })
  }
}
