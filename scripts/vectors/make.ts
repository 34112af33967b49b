// Writes the frozen vectors, by hand: node dist/scripts/vectors/make.js. A change of them is a change of the formats,
// which SPEC.md must tell.
import { writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { files, readFrozen } from './files.js'
import { FOLDER } from './people.js'

for (const [name, content] of Object.entries(await files(readFrozen()))) {
  writeFileSync(path.join(FOLDER, name), `${JSON.stringify(content, undefined, 1)}\n`)
}
