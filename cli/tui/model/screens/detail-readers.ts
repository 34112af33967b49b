import { currentOf, type DetailState, type Readers, type Version } from './detail-state.js'

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

type Sealed = NonNullable<Version['sealedTo']>

export function runnerName({ name, deviceId }: Pick<Runner, 'name' | 'deviceId'>): string {
  return `runner ${name === '' ? deviceId.slice(0, 8) : name}`
}

/** Their names; undefined while nobody is known. */
export function readerNames(screen: DetailState): readonly string[] | undefined {
  const { readers, secret } = screen
  const current = currentOf(screen)
  if (current?.sealed === true) return current.sealedTo?.map(runnerName)
  const runners = given(readers, secret).map(runnerName)
  const people = readers.members
    ?.filter(({ member }) => READING.includes(member.level))
    .map(({ member }) => (member.self ? 'you' : member.name || member.email))
  const devices = readers.devices?.map(({ name, self, recovery }) =>
    self ? 'this device' : recovery ? `${name} (recovery)` : name,
  )
  const known = people ?? devices
  return known && [...known, ...runners]
}

/** With its fingerprint, to be compared. */
export function runnerLine(one: Sealed[number]): string {
  return `${runnerName(one)}  ${one.fingerprint ?? ''}`.trimEnd()
}

function sealedLines(runners: Sealed | undefined): readonly string[] {
  if (runners === undefined) return ['It is sealed; to whom is not known here.']
  if (runners.length === 0) return ['It is sealed, and to nobody: nobody opens it.']
  return [
    'It is sealed: only these runners open it, and nobody else.',
    ...runners.map(runnerLine),
    'One that read the version before may know of this one only that it is there.',
  ]
}

/** One line each, with what is known of them. */
export function readerLines(screen: DetailState): readonly string[] {
  const { readers, secret } = screen
  const current = currentOf(screen)
  if (current?.sealed === true) return sealedLines(current.sealedTo)
  const runners = given(readers, secret).map(runnerLine)
  const members = (readers.members ?? [])
    .filter(({ member }) => READING.includes(member.level))
    .map(
      ({ member }) =>
        `${member.name} <${member.email}>  ${member.level}${member.self ? ', you' : ''}`,
    )
  const devices = (readers.devices ?? []).map(
    ({ name, self, recovery }) => `${name}${self ? '  this device' : recovery ? '  recovery' : ''}`,
  )
  const all = [...members, ...devices, ...runners]
  const unknown =
    readers.runners === undefined && screen.place.kind === 'project'
      ? ['Runners: not known to this device.']
      : []
  return [...(all.length === 0 ? ['Nobody that is known here.'] : all), ...unknown]
}
