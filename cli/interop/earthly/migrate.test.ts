import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseEarthfile } from './earthfile.js'
import { migrateEarthfile } from './migrate.js'

const TARGET = { org: 'acme', project: 'web' }
const migrate = (text: string): string => migrateEarthfile(text, 'old', TARGET)
const RUN =
  't:\n    RUN --secret A=+secrets/old/a/B --mount=type=secret,id=+secrets/old/c,target=/c cmd\n'
const DONE = 't:\n    RUN --secret A=+secrets/a/B --mount=type=secret,id=+secrets/c,target=/c cmd\n'

test('secrets of the source, PROJECT, and the flag of an older VERSION', () => {
  const table: readonly (readonly [string, string])[] = [
    [`VERSION 0.7\n${RUN}`, `VERSION 0.7\nPROJECT acme/web\n${DONE}`],
    [
      `# why\nVERSION 0.6\n\nFROM x\n${RUN}`,
      `# why\nVERSION --use-project-secrets 0.6\nPROJECT acme/web\n\nFROM x\n${DONE}`,
    ],
    [
      `VERSION --try \\\n  0.6\n${RUN}`,
      `VERSION --use-project-secrets --try \\\n  0.6\nPROJECT acme/web\n${DONE}`,
    ],
    [`VERSION 0.8\nPROJECT acme/api\n${RUN}`, `VERSION 0.8\nPROJECT acme/api\n${DONE}`],
    [`VERSION 0.7\r\n${RUN}`, `VERSION 0.7\r\nPROJECT acme/web\r\n${DONE}`],
    [RUN, `VERSION --use-project-secrets 0.5\nPROJECT acme/web\n${DONE}`],
    [
      'VERSION 0.7\nF:\n    COMMAND\n    RUN --secret A=+secrets/old/a x\n',
      'VERSION 0.7\nF:\n    COMMAND\n    RUN --secret A=+secrets/a x\n',
    ],
  ]
  for (const [before, after] of table) {
    assert.is(migrate(before), after, before)
    assert.is(migrate(after), after, 'a second time')
  }
  const other =
    'VERSION 0.6\nt:\n    RUN --secret A=+secrets/user/x --secret B=+secrets/older/x cmd\n'
  assert.is(migrate(other), other)
})

test('what is rewritten is read by project, whatever stands around it', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('0.5', '0.6', '0.7', '0.8'), (noise, version) => {
      const comment = `# ${noise.replace(/[\r\n]/g, '')}\n`
      const after = parseEarthfile(migrate(`${comment}VERSION ${version}\n${comment}${RUN}`))
      assert.is(after.dialect, 'project')
      assert.equal(after.project, TARGET)
      assert.equal(after.problems, [])
      const names = after.recipes.flatMap(({ uses }) =>
        uses.map(({ wish }) => JSON.stringify(wish)),
      )
      assert.equal(names, ['{"kind":"secret","name":"a/B"}', '{"kind":"secret","name":"c"}'])
    }),
  )
})

test.run()
