import { statSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { idOf, type UserId } from '../../shared/ids.js'
import type { Opener as WireOpener, Warning } from '../../shared/protocol/local-common.js'
import { freshDevice, type DeviceRecord } from '../keystore/device.js'
import { openerOf, wipeOpener } from '../lifecycle/own-handlers.js'
import type { DaemonParts } from '../lifecycle/parts.js'
import type { DaemonHandlers } from '../rpc/call.js'
import { examine } from '../service/doctor.js'
import { checkLabel, type Engine } from '../service/engine.js'
import { statusOf } from '../service/status.js'
import { truncated } from '../service/text.js'

/** This machine's name, as far as it makes a label. */
function hostLabel(): string {
  let label = truncated(hostname(), 64)
  while (Buffer.byteLength(label) > 128) label = truncated(label, label.length - 1)
  return label
}

/** A new device of `userId` with labels as given. @throws CofferError `limit` for a label too long */
export function newDevice(
  userId: UserId,
  labels: { readonly name?: string; readonly email?: string; readonly device?: string },
  random: DaemonParts['random'],
): DeviceRecord {
  const { name = '', email = '', device = hostLabel() } = labels
  return freshDevice(
    {
      userId,
      name: checkLabel('name', name),
      email: checkLabel('e-mail address', email),
      device: checkLabel("device's name", device),
    },
    random,
  )
}

/** What the maker of a home should know about its key file. */
export function openerWarnings(open: WireOpener, home: string): Warning[] {
  if (open.kind !== 'key-file') return []
  const same = statSync(dirname(open.path)).dev === statSync(home).dev
  if (!same) return []
  const message = 'the key file is on the same disk as the home: a thief of the disk has both'
  return [{ code: 'same-disk', message }]
}

export function homeHandlers(
  parts: DaemonParts,
  engine: Engine,
): Pick<DaemonHandlers, 'init' | 'status'> {
  const { access, random } = parts
  return {
    async init({ open, name, email, device, memory }) {
      const userId = idOf<UserId>(random(16))
      const labels = {
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(device === undefined ? {} : { device }),
      }
      const record = newDevice(userId, labels, random)
      const opener = openerOf(open)
      try {
        const fresh = { opener, record, ...(memory === undefined ? {} : { memory }) }
        const session = await access.create(fresh, (unlocked) => engine.found(unlocked))
        return {
          home: access.path,
          deviceId: session.device.deviceId,
          userId,
          warnings: openerWarnings(open, access.path),
        }
      } finally {
        wipeOpener(opener)
      }
    },
    status: (params) => statusOf(parts, access, engine.current, params),
  }
}

export function doctorHandlers(
  { access, now }: DaemonParts,
  engine: Engine,
): Pick<DaemonHandlers, 'doctor'> {
  return {
    async doctor({ repair }, { progress }) {
      const { home } = access
      return { checks: await examine(home, now, engine.current, repair, progress) }
    },
  }
}
