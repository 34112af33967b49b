// Runs one script of scripts/e2e/testdata as a test: node dist/scripts/e2e/harness/run-script.js FILE
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import { runScript } from './script.js'

const files = process.argv.slice(2)
if (files.length === 0) throw new Error('which script?')
for (const file of files) {
  const name = path.basename(file)
  test(name, () => runScript(name, readFileSync(file, 'utf8')))
}
test.run()
