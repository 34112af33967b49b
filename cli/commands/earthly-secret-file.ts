import { existsSync } from 'node:fs'
import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS } from '../demands.js'
import { isOwnFile, problemOf, writeSecretFile } from '../interop/earthly/secret-file.js'
import { replaceFile } from '../files/new-file.js'
import { readChosen } from '../files/chosen.js'
import type { ReadSecret } from '../files/read-many.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

export const earthlySecretFile: Command = {
  name: 'earthly secret-file',
  summary: "Print secrets as Earthly's .secret",
  details: `All secrets of the project, or those that are named, so that Earthly reads each back byte for byte. A name that holds /
or - would make Earthly refuse the whole file: it is refused here, or left out with --skip. A file lies on the disk until
you delete it: with coffer earthly setup none is needed.`,
  args: [{ name: 'NAME…', required: false, many: true }],
  options: [
    { flags: '-o, --out <FILE>', text: 'write a file of mode 0600, instead of printing' },
    { flags: '--skip', text: "leave out what the file can't hold, and name it" },
    { flags: '--force', text: 'replace a file that coffer has not written' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer earthly secret-file --out .secret', text: 'keep it out of the repository' },
    { line: 'coffer earthly secret-file --skip NPM_TOKEN db/URL', text: '' },
  ],
  stdout: 'the file; nothing with --out',
  exits: [
    'not-found',
    'locked',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
    'exists',
    'storage',
  ],
  runner: true,
  async run(call, session) {
    const secrets = await readChosen(call, session)
    const content = writeSecretFile(call.flag('skip') ? fitting(session, secrets) : secrets)
    const out = call.text('out')
    if (out === undefined) return session.io.out(content)
    const path = session.path(out)
    const isOwn = existsSync(path) && isOwnFile(readPath(path, 1024))
    replaceFile(path, content, isOwn || call.flag('force'))
  },
}

function fitting(session: Session, secrets: readonly ReadSecret[]): readonly ReadSecret[] {
  const left = secrets.filter((secret) => problemOf(secret) !== undefined)
  if (left.length > 0) {
    const names = left.map(({ name }) => displayText(name)).join(', ')
    const message = `left out, since Earthly's .secret can't hold them: ${names}`
    session.warn([{ code: 'skipped', message }])
  }
  return secrets.filter((secret) => !left.includes(secret))
}
