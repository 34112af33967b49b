import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../shared/base64.js'
import { fromUtf8, utf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { PlainRequest } from '../../../shared/protocol/plain.js'
import { answerPlain, plainFailure, type PlainMethods } from './answer.js'
import { parsePlain, type PlainCommand } from './parse.js'
import { unquoted } from './provider.js'

type Variables = PlainRequest['variables']

const id = 'ab'.repeat(32)

function command(words: string, variables: Variables = {}): PlainCommand {
  return parsePlain({ argv: ['earthly', 'provider', ...words.split(' ')], cwd: '/w', variables })
}

/** Org and project that a reading is asked for, and by which flags. */
function scope(words: string, variables: Variables): string {
  const { context } = command(words, variables).params
  const { org, project, env } = context
  const said = [org ?? env.COFFER_ORG ?? '', project ?? env.COFFER_PROJECT ?? '']
  assert.is(env.EARTHLY_ORG, undefined)
  return said.join('/')
}

/** A vault with these references, asked with those words: exit, stdout, stderr. */
async function ask(
  words: string,
  there: { readonly [name: string]: string },
  variables: Variables = {},
  missing: (name: string) => CofferError = noSecret,
): Promise<string> {
  const asked: string[] = []
  const refuse = (): Promise<never> => Promise.reject(new CofferError('internal', 'not asked for'))
  const methods: PlainMethods = {
    secretGet: ({ name }) => {
      asked.push(name)
      const value = there[name]
      if (value === undefined) return Promise.reject(missing(name))
      return Promise.resolve({
        reference: name.replace(/^(?!\/user|coffer:)/, 'coffer://acme/web/'),
        value: toBase64(utf8(value)),
        version: { id, number: 1 },
        at: 0,
        author: { deviceId: id, self: true },
        warnings: [],
      })
    },
    secretList: refuse,
    secretEnvironment: refuse,
  }
  const argv = ['earthly', 'provider', ...words.split(' ')]
  const { status, stdout, stderr } = await answerPlain(command(words, variables), methods).catch(
    (error: unknown) => plainFailure(error as CofferError, argv),
  )
  const code = (fromUtf8(stderr) ?? '').replace(/^coffer: (warning: )?/, '').split(':')[0]
  return `${status} ${fromUtf8(stdout)} [${code}] ${asked.join(' ')}`
}

function noSecret(name: string): CofferError {
  const reason = name.startsWith('coffer://gone') ? 'no-org' : 'no-secret'
  return new CofferError('not-found', 'there is none', { reason })
}

test("a variable as Earthly's shell quoting wrote it", () => {
  const table: readonly (readonly [string, string])[] = [
    ["''", ''],
    ['', ''],
    ['acme', 'acme'],
    ["'my proj'", 'my proj'],
    [`'it'"'"'s'`, "it's"],
    ["it's", "it's"],
  ]
  for (const [quoted, meant] of table) assert.is(unquoted(quoted), meant, quoted)
  assert.is(unquoted(undefined), '')
  const quote = (text: string): string =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.is(unquoted(quote(text)), text)
    }),
  )
})

test("the build's project wins over flags and coffer's own variables", () => {
  const own = { COFFER_ORG: 'o', COFFER_PROJECT: 'p' }
  const table: readonly (readonly [string, Variables, string])[] = [
    ['A', { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: "'my proj'", ...own }, 'acme/my proj'],
    ['--org x --project y A', { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: 'web' }, 'acme/web'],
    ['A', { EARTHLY_ORG: "''", EARTHLY_PROJECT: "''", ...own }, 'o/p'],
    ['--org x --project y A', { EARTHLY_ORG: "''", EARTHLY_PROJECT: "''", ...own }, 'x/y'],
    ['A', { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: "''", ...own }, 'acme/'],
    ['A', own, 'o/p'],
    ['A', {}, '/'],
  ]
  for (const [words, variables, meant] of table) assert.is(scope(words, variables), meant, words)
})

test('2 only where a loaded vault lacks the name', async () => {
  assert.is(await ask('A', { A: 'v' }), '0 v [] A')
  assert.is(await ask('A', {}), '2  [not-found] A')
  const failing: readonly (readonly [CofferError, number])[] = [
    [new CofferError('not-found', 'x', { reason: 'no-org' }), 20],
    [new CofferError('not-found', 'x', { reason: 'no-project' }), 20],
    [new CofferError('usage', 'x', { reason: 'no-project' }), 32],
    [new CofferError('locked', 'x'), 21],
    [new CofferError('stale', 'x', { reason: 'loading' }), 24],
    [new CofferError('home', 'x'), 33],
    [new CofferError('refused', 'x'), 23],
  ]
  for (const [error, status] of failing) {
    assert.match(await ask('A', {}, {}, () => error), new RegExp(`^${status}  \\[${error.code}\\]`))
    assert.match(await ask('--optional * A', {}, {}, () => error), new RegExp(`^${status}  `))
  }
})

test('an override of one’s own stands in for a project’s secret', async () => {
  const built = { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: 'web' }
  const override = '/user/override/acme/web/A'
  assert.is(
    await ask('--override A', { A: 'v', [override]: 'mine' }, built),
    `0 mine [override] ${override}`,
  )
  assert.is(
    await ask('--override /acme/web/A', { [override]: 'mine' }, built),
    `0 mine [override] ${override}`,
  )
  assert.is(await ask('--override A', { A: 'v' }, built), `0 v [] ${override} A`)
  assert.is(await ask('A', { A: 'v', [override]: 'mine' }, built), '0 v [] A')
  assert.is(await ask('--override /user/A', { '/user/A': 'v' }, built), '0 v [] /user/A')
  assert.is(await ask('--override A', { A: 'v', [override]: 'mine' }), '0 v [] A')
})

test('an optional secret that is missing is empty', async () => {
  assert.is(await ask('--optional A,B B', {}), '0  [optional] B')
  assert.is(await ask('--optional A --optional B B', {}), '0  [optional] B')
  assert.is(await ask('--optional * C', {}), '0  [optional] C')
  assert.is(await ask('--optional A,B C', {}), '2  [not-found] C')
  assert.is(await ask('--optional A A', { A: 'v' }), '0 v [] A')
})

test('only what is allowed is given', async () => {
  const there = {
    A: 'v',
    '/user/A': 'own',
    'coffer://o/p/A': 'x',
    '/user/override/acme/web/A': 'mine',
  }
  const built = { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: 'web' }
  const table: readonly (readonly [string, RegExp])[] = [
    ['--allow acme/web A', /^0 v /],
    ['--allow x/y,acme/* A', /^0 v /],
    ['--allow x/y --allow acme/web A', /^0 v /],
    ['--allow acme/api A', /^23 {2}\[refused\]/],
    ['--allow /user A', /^23 /],
    ['--allow /user /user/A', /^0 own /],
    ['--allow acme/web /user/A', /^23 /],
    ['--allow acme/web --optional * /user/A', /^23 /],
    ['--allow acme/web coffer://o/p/A', /^23 /],
    ['--allow acme/web --legacy-project p o/A', /^23 /],
    ['--allow acme/web --override A', /^0 mine /],
    ['--allow acme/web NOPE', /^2 /],
  ]
  for (const [words, wanted] of table) assert.match(await ask(words, there, built), wanted, words)
})

test('an Earthfile older than projects names org/key', async () => {
  const legacy = '--legacy-project main'
  const reference = 'coffer://acme/main/deploy/KEY'
  const built = { EARTHLY_ORG: 'acme', EARTHLY_PROJECT: 'web' }
  const name = 'acme/deploy/KEY'
  assert.is(await ask(`${legacy} ${name}`, { [reference]: 'v' }), `0 v [] ${reference}`)
  assert.is(await ask(`${legacy} ${name}`, { [name]: 'own' }), `0 own [] ${reference} ${name}`)
  assert.is(
    await ask(`${legacy} ${name}`, { [reference]: 'v' }, built),
    `0 v [] ${name} ${reference}`,
  )
  assert.is(
    await ask(`${legacy} ${name}`, { [reference]: 'v', [name]: 'w' }, built),
    `0 w [] ${name}`,
  )
  assert.is(await ask(`${legacy} ${name}`, {}), `2  [not-found] ${reference} ${name}`)
  assert.is(await ask(`${legacy} gone/KEY`, {}), '2  [not-found] coffer://gone/main/KEY gone/KEY')
  assert.is(await ask(`${legacy} user/KEY`, { 'user/KEY': 'v' }), '0 v [] user/KEY')
  assert.is(await ask(`${legacy} KEY`, { KEY: 'v' }), '0 v [] KEY')
})

test.run()
