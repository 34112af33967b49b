import { text, type Dialog } from '../dialog.js'
import { moment } from '../views/time.js'
import type { Row } from './people-rows.js'

// All that is known of one line of the list: what a narrow window has no columns for.

/** Undefined for lines that are about nobody. */
export function detailDialog(row: Row): Dialog | undefined {
  const lines = linesOf(row)
  return lines === undefined ? undefined : text('detail', 'details', lines)
}

type Of<K extends Row['kind']> = Extract<Row, { kind: K }>

function linesOf(row: Row): readonly string[] | undefined {
  switch (row.kind) {
    case 'device':
      return ofDevice(row)
    case 'member':
      return ofMember(row)
    case 'invite':
      return ofInvite(row)
    case 'joiner': {
      const { email, name, level, at, expiresAt, expired } = row.joiner
      const asks = said(['waits', email], ['name', name], ['level', `${level} in ${row.org}`])
      return [...asks, ...times('asks since', at, expiresAt, expired)]
    }
    case 'newcomer': {
      const { at, expiresAt, expired } = row.newcomer
      return ['waits: a device with your code', ...times('asks since', at, expiresAt, expired)]
    }
    case 'runner':
      return ofRunner(row)
    case 'heading':
    case 'word':
      return undefined
  }
}

function ofDevice({ device }: Of<'device'>): readonly string[] {
  const { name, self, recovery, pgp, addedAt, seenAt, doubled, deviceId } = device
  return said(
    ['device', name],
    ['', self ? 'this device' : ''],
    ['', recovery ? 'a recovery device: its keys are on paper or in a safe' : ''],
    ['', doubled ? DOUBLED : ''],
    ['added', `${moment(addedAt)} UTC`],
    ['last seen', seenAt === null ? 'not yet' : `${moment(seenAt)} UTC`],
    ['vouched for by the OpenPGP key', pgp ?? ''],
    ['id', deviceId],
  )
}

function ofMember({ org, member }: Of<'member'>): readonly string[] {
  const { email, name, level, since, self, lookalike, pgp, userId } = member
  return said(
    ['person', email],
    ['name', name],
    ['', self ? 'you' : ''],
    ['', lookalike ? '! looks like another member: tell them apart by the user id' : ''],
    ['level', `${level} in ${org}`],
    ['since', `${moment(since)} UTC`],
    ['vouched for by the OpenPGP key', pgp ?? ''],
    ['user id', userId],
  )
}

function ofInvite({ org, invite }: Of<'invite'>): readonly string[] {
  const { email, level, at, expiresAt, expired, key } = invite
  return [
    ...said(['invited', email], ['level', `${level} in ${org}`]),
    ...times('made', at, expiresAt, expired),
    `key: ${key}`,
  ]
}

function ofRunner({ org, project, runner }: Of<'runner'>): readonly string[] {
  const { name, deviceId, addedAt, expiresAt, expired, names, missing } = runner
  const missed = new Set(missing)
  return [
    ...said(['runner', name], ['project', `${org}/${project}`]),
    ...times('added', addedAt, expiresAt, expired),
    names.length === 0 ? 'granted nothing' : 'granted:',
    ...names.map((one) => (missed.has(one) ? `! not given yet: ${one}` : one)),
    `id: ${deviceId}`,
  ]
}

function times(
  label: string,
  at: number,
  until: number | null,
  expired: boolean,
): readonly string[] {
  const end = until === null ? '' : `${moment(until)} UTC`
  return said([label, `${moment(at)} UTC`], [expired ? '! expired' : 'until', end])
}

const DOUBLED =
  '! signed a number twice: a copy of it is at work, or its disk was put back. Take it out of use (x).'

function said(...all: readonly (readonly [string, string])[]): readonly string[] {
  return all.flatMap(([label, value]) =>
    value === '' ? [] : [label === '' ? value : `${label}: ${value}`],
  )
}
