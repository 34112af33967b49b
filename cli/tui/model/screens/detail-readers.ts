import { currentOf, type DetailState, type Readers } from './detail-state.js'

// Who can open a secret's value: the person's own devices, a project's members as far as their level goes, and runners
// that it was given to.

/** Levels that give their members a project's values. */
const READING: readonly string[] = ['owner', 'admin', 'write', 'read+secrets']

type Runner = NonNullable<Readers['runners']>[number]

function given({ runners = [] }: Readers, secret: string): readonly Runner[] {
  return runners.filter(
    ({ names, missing, expired }) =>
      names.includes(secret) && !missing.includes(secret) && !expired,
  )
}

function runnerName({ name, deviceId }: Runner): string {
  return `runner ${name === '' ? deviceId.slice(0, 8) : name}`
}

/** Their names; undefined while nobody is known. */
export function readerNames(screen: DetailState): readonly string[] | undefined {
  const { readers, secret } = screen
  const isSealed = currentOf(screen)?.sealed === true
  const runners = given(readers, secret).map(runnerName)
  if (isSealed) return readers.runners === undefined ? undefined : runners
  const people = readers.members
    ?.filter(({ member }) => READING.includes(member.level))
    .map(({ member }) => (member.self ? 'you' : member.name || member.email))
  const devices = readers.devices?.map(({ name, self, recovery }) =>
    self ? 'this device' : recovery ? `${name} (recovery)` : name,
  )
  const known = people ?? devices
  return known && [...known, ...runners]
}

/** One line each, with what is known of them. */
export function readerLines(screen: DetailState): readonly string[] {
  const { readers, secret } = screen
  const isSealed = currentOf(screen)?.sealed === true
  const runners = given(readers, secret).map(
    (one) => `${runnerName(one)}  ${one.fingerprint ?? ''}`,
  )
  const members = (readers.members ?? [])
    .filter(({ member }) => READING.includes(member.level))
    .map(
      ({ member }) =>
        `${member.name} <${member.email}>  ${member.level}${member.self ? ', you' : ''}`,
    )
  const devices = (readers.devices ?? []).map(
    ({ name, self, recovery }) => `${name}${self ? '  this device' : recovery ? '  recovery' : ''}`,
  )
  const all = isSealed ? runners : [...members, ...devices, ...runners]
  const whose = isSealed ? ['It is sealed: only runners open it, and nobody else.'] : []
  const unknown =
    readers.runners === undefined && screen.place.kind === 'project'
      ? ['Runners: not known to this device.']
      : []
  return [...whose, ...(all.length === 0 ? ['Nobody that is known here.'] : all), ...unknown]
}
