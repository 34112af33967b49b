import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { checkSizes, digestOf, mountsOf, wantedBy, type Wanted } from '../builds/build.js'
import type { Call } from '../call.js'
import { runWithFiles } from '../child/child-files.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandsOf } from '../demands.js'
import { lines } from '../format.js'
import { readBuildLine, withSecrets } from '../interop/buildkit/command-line.js'
import { readMany, type ReadMany, type ReadSecret } from '../files/read-many.js'
import { SecretFiles } from '../child/secret-files.js'
import type { Session } from '../session.js'

export const build: Command = {
  name: 'build',
  summary: 'Build an image with the secrets that its Containerfile mounts',
  details: `Reads which secrets the Containerfile's RUN lines mount, and gives each to the builder as a file in memory that
is gone when the build ends. A secret that is missing or too large is refused before the build starts. Works with buildah,
podman, docker, nerdctl and buildctl.`,
  args: [{ name: 'COMMAND…', required: true, many: true }],
  options: [
    {
      flags: '--secret <ID[=NAME]>',
      text: 'give this one, too, or under another name',
      many: true,
    },
    { flags: '--optional <A,B>', text: 'build without these where they are missing', many: true },
    {
      flags: '--digest-arg <ARG>',
      text: 'a build argument that changes when a secret does, so that its layers are built anew',
    },
    { flags: '--containerfile <FILE>', text: 'the file to read mounts from', many: true },
    {
      flags: '--allow-disk',
      text: 'without a file system in memory: files on disk while it builds',
    },
    { flags: '-d, --dry-run', text: 'only tell which secrets it would get' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer build -- buildah bud -t app .', text: '' },
    {
      line: 'coffer build --digest-arg SECRETS -- docker build .',
      text: 'with ARG SECRETS before the RUN',
    },
    { line: 'coffer build --secret npmrc=ci/NPMRC -- podman build .', text: '' },
    { line: 'coffer build --dry-run -- docker build -f web.Dockerfile .', text: '' },
  ],
  stdout: "the builder's; with --dry-run: what it would get",
  exits: ['not-found', 'locked', 'refused', 'stale', 'conflict', 'unreachable', 'tampering'],
  verbatim: true,
  runner: true,
  async run(call, session) {
    const dryRun = call.flag('dry-run')
    if (session.json && !dryRun) {
      throw new CofferError('usage', "build has no JSON of its own: the output is the builder's", {
        reason: 'no-json',
        next: 'leave --json out, or say --dry-run',
      })
    }
    const line = readBuildLine(call.args)
    const mounts = mountsOf(session, line, call.list('containerfile'))
    const wanted = wantedBy(mounts, call.list('secret'), line.ids)
    const found = await secretsOf(call, session, wanted)
    if (dryRun) return tell(session, found)
    const digest = call.text('digest-arg')
    await session.close()
    await runWithFiles(
      () => new SecretFiles({ env: session.io.env, allowDisk: call.flag('allow-disk') }),
      (files) => {
        const paths = found.map(({ id, secret }, i) => ({
          id,
          path: files.add(`${i}`, secret.bytes),
        }))
        const argument = digest === undefined ? undefined : `${digest}=${digestOf(found)}`
        return withSecrets(call.args, line.at, paths, argument)
      },
    )
  },
}

type Found = { readonly id: string; readonly secret: ReadSecret }

/** Every secret that is wanted. @throws CofferError `not-found`, `refused` (sealed), `limit`, all by name */
async function secretsOf(
  call: Call,
  session: Session,
  wanted: readonly Wanted[],
): Promise<Found[]> {
  if (wanted.length === 0) {
    session.warn([{ code: 'no-mounts', message: 'the Containerfile mounts no secret' }])
    return []
  }
  const names = wanted.map(({ reference }) => reference)
  const read = await readMany(session, {
    names,
    forChild: true,
    ...(call.flag('strict') ? { strict: true } : {}),
    ...demandsOf(call),
  })
  checkThere(session, read, leftOut(call, wanted))
  const found = wanted.flatMap(({ id, reference }) => {
    const secret = read.secrets.find(({ asked }) => asked === reference)
    return secret === undefined ? [] : [{ id, secret }]
  })
  checkSizes(found)
  return found
}

/** References that the build may go without; the caller names their ids. */
function leftOut(call: Call, wanted: readonly Wanted[]): Set<string> {
  const ids = call.list('optional').flatMap((one) => one.split(','))
  return new Set(wanted.filter(({ id }) => ids.includes(id)).map(({ reference }) => reference))
}

function checkThere(session: Session, { missing, sealed }: ReadMany, optional: Set<string>): void {
  const absent = missing.filter(({ asked }) => !optional.has(asked))
  if (absent.length > 0) {
    const names = absent.map(({ reference }) => displayText(reference)).join(', ')
    throw new CofferError('not-found', `the build needs what is not there: ${names}`, {
      reason: 'no-secret',
      next: 'set it, or say --optional NAME; nothing was built',
    })
  }
  if (sealed.length > 0) {
    const names = sealed.map(displayText).join(', ')
    throw new CofferError('refused', `only the runners that they were sealed to open ${names}`, {
      reason: 'sealed',
      next: "build with such a runner's token: COFFER_TOKEN_FILE",
    })
  }
  for (const { reference } of missing) {
    session.warn([{ code: 'missing', message: `built without ${displayText(reference)}` }])
  }
}

function tell(session: Session, found: readonly Found[]): void {
  const secrets = found.map(({ id, secret: { reference, bytes } }) => ({
    id,
    reference,
    size: bytes.length,
  }))
  const said = secrets.map(({ id, reference, size }) => `${id}  ${reference}  ${size} bytes`)
  session.show({ secrets, digest: digestOf(found) }, lines(said))
}
