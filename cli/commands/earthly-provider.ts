import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandWords } from '../demands.js'
import { forward } from '../forward.js'
import { selection } from './secret-read.js'

export const earthlyProvider: Command = {
  name: 'earthly provider',
  summary: 'Give Earthly (EarthBuild) a secret: what global.secret_provider runs',
  details: `Prints exactly the value. Exits with 2 only where a vault that is open and loaded has no such secret: Earthly looks
elsewhere then. Everything else ends the build; a wrong command line is 32 here. Never asks, never takes longer than
10 seconds (29). The build's PROJECT wins over --org, --project and COFFER_ variables. With --override, a secret
/user/override/ORG/PROJECT/NAME of your own stands in for the project's. To ask another provider where coffer has nothing:
  secret_provider: 'f() { coffer earthly provider "$1"; c=$?; [ $c = 2 ] || return $c; other "$1"; }; f'`,
  args: [{ name: 'NAME', required: true }],
  options: [
    {
      flags: '--allow <PROJECTS>',
      text: 'nothing but secrets of these: ORG/PROJECT, ORG/*, /user (A,B)',
      many: true,
    },
    { flags: '--override', text: 'your own /user/override/ORG/PROJECT/NAME first' },
    {
      flags: '--optional <NAMES>',
      text: 'an empty value where one of these (A,B or *) is missing',
      many: true,
    },
    {
      flags: '--legacy-project <PROJECT>',
      text: 'where VERSION 0.6 and older find ORG/NAME: in this project of ORG',
    },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer earthly provider NPM_TOKEN', text: 'as Earthly calls it' },
    { line: 'coffer earthly provider --optional SENTRY_DSN SENTRY_DSN', text: 'or nothing' },
  ],
  stdout: 'value',
  exits: [
    'not-found',
    'locked',
    'refused',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
    'timed-out',
    'expired',
  ],
  lastIsName: true,
  async run(call, session) {
    if (call.flag('json')) {
      throw new CofferError('usage', 'a provider prints the value and nothing else', {
        reason: 'no-json',
        next: 'leave --json out',
      })
    }
    const listed = (option: string): string[] =>
      call.list(option).map((one) => `--${option}=${one}`)
    const legacy = call.text('legacy-project')
    await forward(session, 'earthly provider', [
      ...selection(call),
      ...(call.flag('override') ? ['--override'] : []),
      ...listed('optional'),
      ...listed('allow'),
      ...(legacy === undefined ? [] : [`--legacy-project=${legacy}`]),
      ...demandWords(call),
      '--',
      ...call.args,
    ])
  },
}
