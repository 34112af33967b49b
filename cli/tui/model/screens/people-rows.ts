import type { Result } from '../../../../shared/protocol/local.js'

// The lines of the list of people and devices. A heading stands for its section, so that one can invite where nobody is yet.

export type Device = Result<'deviceList'>['devices'][number]
export type Member = Result<'orgMemberList'>['members'][number]
export type Invite = Result<'orgInviteList'>['invites'][number]
export type Runner = Result<'runnerList'>['runners'][number]
/** A person who answered an invite. */
export type Joiner = Result<'orgInviteRequests'>['requests'][number]
/** A device that answered one of this person's own. */
export type Newcomer = Result<'deviceRequests'>['requests'][number]

/** What is known of an org. Undefined members: not read yet. */
export type OrgPeople = {
  readonly members: readonly Member[] | undefined
  readonly invites: readonly Invite[]
  /** By project. */
  readonly runners: ReadonlyMap<string, readonly Runner[]>
  /** Why its people couldn't be read. */
  readonly problem: string | undefined
}

export const NOBODY: OrgPeople = {
  members: undefined,
  invites: [],
  runners: new Map(),
  problem: undefined,
}

type Told =
  | { readonly kind: 'heading'; readonly title: string; readonly org: string | undefined }
  | { readonly kind: 'word'; readonly text: string; readonly org: string | undefined }
  | { readonly kind: 'joiner'; readonly org: string; readonly joiner: Joiner }
  | { readonly kind: 'newcomer'; readonly org: undefined; readonly newcomer: Newcomer }
  | { readonly kind: 'device'; readonly org: undefined; readonly device: Device }
  | { readonly kind: 'member'; readonly org: string; readonly member: Member }
  | { readonly kind: 'invite'; readonly org: string; readonly invite: Invite }
  | {
      readonly kind: 'runner'
      readonly org: string
      readonly project: string
      readonly runner: Runner
    }

/** `id` tells a row from all others, also after another reading. */
export type Row = Told & { readonly id: string }

export type Known = {
  readonly devices: readonly Device[] | undefined
  readonly newcomers: readonly Newcomer[]
  readonly joiners: readonly Joiner[]
  readonly orgs: ReadonlyMap<string, OrgPeople>
}

/** All rows, those who wait first. */
export function rowsOf({ devices, newcomers, joiners, orgs }: Known): readonly Row[] {
  const waiting: readonly Row[] = [
    ...joiners.map((joiner): Row => {
      return { kind: 'joiner', id: `waits ${joiner.fingerprint}`, org: joiner.org, joiner }
    }),
    ...newcomers.map((newcomer): Row => {
      return { kind: 'newcomer', id: `waits ${newcomer.fingerprint}`, org: undefined, newcomer }
    }),
  ]
  return [
    ...(waiting.length === 0 ? [] : [heading('waiting to be let in'), ...waiting]),
    heading('your devices'),
    ...(devices?.map(deviceRow) ?? [word('reading your devices…', undefined)]),
    ...Array.from(orgs, ([org, people]) => orgRows(org, people)).flat(),
  ]
}

function heading(title: string, org?: string): Row {
  return { kind: 'heading', id: org === undefined ? title : `org ${org}`, title, org }
}

function word(text: string, org: string | undefined): Row {
  return { kind: 'word', id: `word ${org ?? ''}`, text, org }
}

function deviceRow(device: Device): Row {
  return { kind: 'device', id: `device ${device.deviceId}`, org: undefined, device }
}

function orgRows(org: string, { members, invites, runners, problem }: OrgPeople): readonly Row[] {
  const said = problem ?? (members === undefined ? 'reading the people…' : undefined)
  return [
    heading(org, org),
    ...(said === undefined ? [] : [word(said, org)]),
    ...(members ?? []).map((member): Row => {
      return { kind: 'member', id: `member ${org} ${member.userId}`, org, member }
    }),
    ...invites.map((invite): Row => {
      return { kind: 'invite', id: `invite ${org} ${invite.key}`, org, invite }
    }),
    ...Array.from(runners, ([project, all]) =>
      all.map((runner): Row => {
        const id = `runner ${org} ${project} ${runner.deviceId}`
        return { kind: 'runner', id, org, project, runner }
      }),
    ).flat(),
  ]
}

/** The heading after (1) or before (-1) a line, around the end. */
export function nextHeading(rows: readonly Row[], at: number, step: 1 | -1): number {
  for (let i = 1; i <= rows.length; i++) {
    const to = (at + step * i + rows.length * 2) % rows.length
    if (rows[to]?.kind === 'heading') return to
  }
  return at
}

/** What a device is called: its name, which a new one tells last of all, or the beginning of its id. */
export function deviceName({ name, deviceId }: { name: string; deviceId: string }): string {
  return name || deviceId.slice(0, 12)
}
