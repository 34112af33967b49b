import { homedir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { systemCode } from '../../shared/system-error.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

export const earthlySetup: Command = {
  name: 'earthly setup',
  summary: "Make coffer Earthly's (EarthBuild's) secret provider",
  details: `Writes global.secret_provider into Earthly's configuration, and nothing else of it changes: EARTH_CONFIG, EARTHLY_CONFIG,
or ~/.earthly/config.yml. Prints what it changes. An Earthfile says which secrets a build is given: before you build what
strangers wrote, say with --allow which projects are for builds.`,
  options: [
    { flags: '--config <FILE>', text: 'the configuration, instead of the one that Earthly reads' },
    { flags: '-d, --dry-run', text: 'only print what would change' },
    { flags: '--force', text: 'take the place of another provider' },
    {
      flags: '--allow <PROJECTS>',
      text: 'give builds nothing but secrets of these: ORG/PROJECT, ORG/*, /user (A,B)',
      many: true,
    },
    { flags: '--override', text: 'let your own /user/override/ORG/PROJECT/NAME come first' },
    {
      flags: '--optional <NAMES>',
      text: 'give an empty value where one of these (A,B or *) is missing',
      many: true,
    },
    {
      flags: '--legacy-project <PROJECT>',
      text: 'where VERSION 0.6 and older find ORG/NAME: in this project of ORG',
    },
  ],
  examples: [
    { line: 'coffer earthly setup --dry-run', text: '' },
    { line: 'coffer earthly setup --allow acme/web,/user', text: '' },
    { line: 'coffer earthly setup --legacy-project main', text: 'for VERSION 0.6, too' },
  ],
  stdout: 'the change, as diff -u shows it',
  exits: ['exists', 'storage'],
  async run(call, session) {
    const [{ providerCommand, withProvider }, { unifiedDiff }, { rewriteFile }] = await Promise.all(
      [
        import('../interop/earthly/config.js'),
        import('../files/diff.js'),
        import('../files/rewrite-file.js'),
      ],
    )
    const path = configPath(call, session)
    const before = readConfig(path)
    const command = providerCommand({
      override: call.flag('override'),
      optional: call.list('optional').flatMap((names) => names.split(',')),
      allow: call.list('allow').flatMap((names) => names.split(',')),
      legacyProject: call.text('legacy-project'),
    })
    const after = withProvider(before ?? '', command, call.flag('force'))
    const changed = after !== before
    if (changed && !call.flag('dry-run')) rewriteFile(path, after, 0o600)
    const diff = unifiedDiff(path, before ?? '', after)
    session.show({ path, command, changed, diff }, diff)
    if (!changed) session.say(`${path} says so already`)
  },
}

/** Where Earthly reads its configuration: EarthBuild's variables win over Earthly's, as they do there. */
function configPath(call: Call, session: Session): string {
  const typed = call.text('config')
  if (typed !== undefined) return session.path(typed)
  const { env } = session.io
  const variable = (suffix: string): string =>
    [env[`EARTH_${suffix}`], env[`EARTHLY_${suffix}`]].find((one = '') => one !== '') ?? ''
  const named = variable('CONFIG')
  if (named !== '') return session.path(named)
  const folder = variable('INSTALLATION_NAME')
  const home = env['HOME'] ?? ''
  return join(
    home === '' ? homedir() : home,
    `.${folder === '' ? 'earthly' : folder}`,
    'config.yml',
  )
}

/** The configuration's text; undefined where there is none yet. */
function readConfig(path: string): string | undefined {
  let bytes: Uint8Array
  try {
    bytes = readPath(path, LIMITS.configFile)
  } catch (error) {
    if (hasCode(error, 'usage') && systemCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
  if (bytes.length > LIMITS.configFile) {
    throw new CofferError('limit', `${path} has more than ${LIMITS.configFile} bytes`)
  }
  const text = fromUtf8(new Uint8Array(bytes))
  if (text === undefined) throw new CofferError('format', `${path} is not UTF-8`)
  return text
}
