import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandWords } from '../demands.js'
import { KEPT_VARIABLES } from '../child/clean-env.js'
import type { Call } from '../call.js'
import { forward } from '../forward.js'
import { needsOrder } from '../child/run-order.js'
import type { Session } from '../session.js'
import { selection } from './secret-read.js'

export const run: Command = {
  name: 'run',
  summary: "Run a command with the project's secrets as its variables",
  details: `The command gets its arguments verbatim, no shell reads them; its exit code, or its death by a signal, is
coffer's. Secrets win over variables that are set already. Names that are no variable's names are left out; a secret
that would decide what code runs (PATH, LD_PRELOAD, NODE_OPTIONS, …) needs --allow-env. A .coffer.yaml that you allowed
(coffer allow) says which variables and files there are, unless --only, --project or their variables do.

--file makes its files in memory, readable for you alone, and removes them when the command ends; where PATH itself isn't in
memory, a symbolic link there leads to the file. --clean-env keeps ${KEPT_VARIABLES.join(', ')}. --mask
shows *** for the values in what the command prints into pipes and files, also in base64 and hex, line by line, and says
which are too short for that (fewer than 8 bytes); a terminal is left alone. It hides slips, not what a program means to reveal.`,
  args: [{ name: 'COMMAND…', required: true, many: true }],
  options: [
    { flags: '--only <A,B>', text: 'only these secrets, and all of them', many: true },
    {
      flags: '--env-map <ENV=NAME>',
      text: 'a secret under the name of a variable of your choice, beside the others',
      many: true,
    },
    { flags: '--only-mapped', text: 'no variables but those of --env-map' },
    { flags: '--clean-env', text: "nothing of the caller's variables but the most basic ones" },
    { flags: '--file <PATH=NAME>', text: 'a secret as a file, while the command runs', many: true },
    { flags: '--allow-disk', text: 'files on a disk where nothing is in memory' },
    { flags: '--mask', text: 'replace the values in piped output by ***' },
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
    { line: 'coffer run --env-map PGPASSWORD=db/password -- psql', text: '' },
    { line: 'coffer run --file ./gcp.json=deploy/KEY -- ./deploy.sh', text: 'gone afterwards' },
    { line: 'coffer run --clean-env --mask -- make test > log', text: '' },
    { line: 'coffer run --watch -- npm start', text: 'follows every change' },
  ],
  stdout: "the child's",
  exits: [
    'exists',
    'storage',
    'not-found',
    'locked',
    'refused',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
  ],
  runner: true,
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
      const { runWatch } = await import('../child/run-watch.js')
      return runWatch(call, session)
    }
    const listed = (option: string): string[] =>
      call.list(option).map((one) => `--${option}=${one}`)
    if (needsOrder(call)) return runOrder(call, session)
    const answered = await forward(session, 'run', [
      ...selection(call),
      ...listed('only'),
      ...listed('allow-env'),
      ...demandWords(call),
      ...(call.flag('preserve-env') ? ['--preserve-env'] : []),
      '--',
      ...call.args,
    ])
    if (answered === 'full') await runOrder(call, session)
  },
}

async function runOrder(call: Call, session: Session): Promise<void> {
  const { orderOf } = await import('../child/run-order.js')
  const { launchToEnd } = await import('../child/launch.js')
  const order = await orderOf(call, session)
  // The daemon isn't kept from anything while the command runs.
  await session.close()
  await launchToEnd(order, session.io.env)
}
