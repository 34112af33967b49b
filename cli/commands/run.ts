import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandWords } from '../demands.js'
import { forward } from '../forward.js'
import { selection } from './secret-read.js'

export const run: Command = {
  name: 'run',
  summary: "Run a command with the project's secrets as its variables",
  details: `The command gets its arguments verbatim, no shell reads them; its exit code, or its death by a signal, is
coffer's. Secrets win over variables that are set already. Names that are no variable's names are left out; a secret
that would decide what code runs (PATH, LD_PRELOAD, NODE_OPTIONS, …) needs --allow-env.`,
  args: [{ name: 'COMMAND…', required: true, many: true }],
  options: [
    { flags: '--only <A,B>', text: 'only these secrets, and all of them', many: true },
    { flags: '--preserve-env', text: 'variables that are set already win' },
    {
      flags: '--allow-env <A,B>',
      text: 'let these through though they decide what code runs',
      many: true,
    },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
    { flags: '--watch', text: 'start the command again when a secret changes' },
  ],
  examples: [
    { line: 'coffer run -- ./server --port 8080', text: '' },
    { line: 'coffer run --only DATABASE_URL -- psql', text: '' },
    { line: 'coffer run --watch -- npm start', text: 'follows every change' },
  ],
  stdout: "the child's",
  exits: ['not-found', 'locked', 'refused', 'stale', 'conflict', 'unreachable', 'tampering'],
  verbatim: true,
  async run(call, session) {
    if (call.flag('json')) {
      throw new CofferError(
        'usage',
        "run has no JSON of its own: the command's output is its own",
        {
          reason: 'no-json',
          next: 'leave --json out',
        },
      )
    }
    if (call.flag('watch')) {
      const { runWatch } = await import('../run-watch.js')
      return runWatch(call, session)
    }
    const listed = (option: string): string[] =>
      call.list(option).map((one) => `--${option}=${one}`)
    await forward(session, 'run', [
      ...selection(call),
      ...listed('only'),
      ...listed('allow-env'),
      ...demandWords(call),
      ...(call.flag('preserve-env') ? ['--preserve-env'] : []),
      '--',
      ...call.args,
    ])
  },
}
