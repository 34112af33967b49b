import { hasCode } from '../../shared/errors.js'
import { join } from 'node:path'
import { backupHandlers } from '../handlers/backup.js'
import { deviceHandlers } from '../handlers/devices.js'
import { doctorHandlers, homeHandlers } from '../handlers/home.js'
import { memberHandlers } from '../handlers/members.js'
import { pgpHandlers } from '../handlers/pgp.js'
import { peopleHandlers } from '../handlers/people.js'
import { plainHandler } from '../handlers/plain.js'
import { recoveryHandlers } from '../handlers/recovery.js'
import { runnerHandlers } from '../handlers/runners.js'
import { secretHandlers } from '../handlers/secrets.js'
import { trustHandlers } from '../handlers/trust.js'
import type { Composition, DaemonParts } from '../lifecycle/parts.js'
import { HOME_FILES } from '../../shared/protocol/socket-path.js'
import { RelaySync } from '../sync/manager.js'
import { Engine } from './engine.js'
import { learnRemovals } from './devices/expelled.js'
import { keepJoining } from './devices/joining.js'
import { keepTogether } from './reconciler.js'
import { watchRequests } from './devices/requests.js'
import { keepSnapshots } from './snapshots/snapshots.js'
import type { World } from './world.js'
import { storesOnDisk } from './stores.js'
import { growSlowly, keepTidy, systemCollect } from './snapshots/tidy.js'
import { FileWatch } from './watch.js'

/** Node's timers take 31 bits of milliseconds; a longer wait would end at once. */
const LONGEST = 2 ** 31 - 1

const after: World['after'] = (ms, then) => {
  const timer = setTimeout(then, Math.min(ms, LONGEST))
  timer.unref()
  return () => clearTimeout(timer)
}

/** What ends with the home, or passes by itself, isn't worth a line. */
function isPassing(error: unknown): boolean {
  return hasCode(error, 'locked', 'cancelled', 'unreachable')
}

/** Composes the vaults' side of the daemon. */
export async function compose(parts: DaemonParts): Promise<Composition> {
  const { access, hub, log, random, now, offline } = parts
  growSlowly()
  const onError = (error: unknown): void => {
    if (!isPassing(error)) log.failure('background', error)
  }
  const config = join(access.path, HOME_FILES.config)
  const files = new FileWatch((path) => {
    if (path === config) reload(parts, onError)
    else hub.publish('state', { state: access.state })
  }, onError)
  const world: World = { random, now, after, onError, seen: (path) => files.see(path) }
  const engine = new Engine({
    world,
    hub,
    storeOpener: storesOnDisk(random),
    makeSync: (identity) => {
      const timers = { now: () => performance.now(), wall: now, after }
      return new RelaySync({ identity, random, timers, offline })
    },
    background: [
      keepTidy(systemCollect),
      keepTogether,
      keepSnapshots,
      watchRequests,
      keepJoining,
      learnRemovals,
      () => files.see(config),
    ],
  })
  return {
    handlers: {
      ...homeHandlers(parts, engine),
      ...doctorHandlers(parts, engine),
      ...deviceHandlers(parts, engine),
      ...memberHandlers(() => engine.session),
      ...pgpHandlers(() => engine.session, now),
      ...recoveryHandlers(parts, engine),
      ...secretHandlers(() => engine.session),
      ...peopleHandlers(() => engine.session),
      ...trustHandlers(() => engine.session),
      ...backupHandlers(() => engine.session),
      ...runnerHandlers(() => engine.session),
    },
    plain: plainHandler(access, () => engine.session),
    guarded: engine.guarded,
    close: () => files.close(),
  }
}

function reload({ access, log }: DaemonParts, onError: (error: unknown) => void): void {
  try {
    access.reload()
    log.event('info', 'config-read')
  } catch (error) {
    // The old configuration holds until the file is right again.
    onError(error)
  }
}
