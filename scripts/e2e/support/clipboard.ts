// A desktop's clipboard for a world: programs by the names of the real ones that keep a file.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { type World } from '../harness/world.js'

/** Notes its arguments; what it can't do it says by its exit code. */
const WL_COPY = `#!/bin/sh
echo "wl-copy $*" >> "$HOME/clipboard-calls"
case "$*" in
  *--help*) echo '  -s, --sensitive' ;;
  *--clear*) rm -f "$HOME/clipboard" ;;
  *) cat > "$HOME/clipboard.new" && mv "$HOME/clipboard.new" "$HOME/clipboard" ;;
esac
`
const WL_PASTE = `#!/bin/sh
echo "wl-paste $*" >> "$HOME/clipboard-calls"
exec cat "$HOME/clipboard"
`
const XCLIP = `#!/bin/sh
echo "xclip $*" >> "$HOME/clipboard-calls"
case "$*" in
  *-out*) exec cat "$HOME/clipboard" ;;
  *) cat > "$HOME/clipboard.new" && mv "$HOME/clipboard.new" "$HOME/clipboard" ;;
esac
`
/** No display to open. */
const BROKEN = '#!/bin/sh\nexit 1\n'

const PROGRAMS = { 'wl-copy': WL_COPY, 'wl-paste': WL_PASTE, xclip: XCLIP }

export class Desktop {
  readonly env: NodeJS.ProcessEnv
  readonly #home: string

  /** @param broken programs that are there and fail */
  constructor(world: World, broken: readonly (keyof typeof PROGRAMS)[] = []) {
    const folder = path.join(world.folder, 'desktop')
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(PROGRAMS)) {
      const fails = broken.some((one) => one === name)
      writeFileSync(path.join(folder, name), fails ? BROKEN : text)
      chmodSync(path.join(folder, name), 0o755)
    }
    this.#home = String(world.env['HOME'])
    this.env = {
      ...world.env,
      PATH: `${folder}:${world.env['PATH'] ?? ''}`,
      WAYLAND_DISPLAY: 'wayland-9',
      DISPLAY: ':9',
    }
  }

  /** What is on the clipboard; empty when nothing is. */
  get content(): string {
    const file = path.join(this.#home, 'clipboard')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** Somebody else copies. */
  put(text: string): void {
    writeFileSync(path.join(this.#home, 'clipboard'), text)
  }

  /** How the programs were called. */
  get calls(): string {
    const file = path.join(this.#home, 'clipboard-calls')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
}
