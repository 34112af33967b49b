import type { Context, VaultRef } from '../../../shared/protocol/local-common.js'
import { contextOf, orgContext } from './place.js'

// Vaults as the daemon refers to them: the person's own, an org's directory, a project.

/** `/user/`, `acme/`, `acme/web`. */
export function vaultLabel({ kind, org = '', project = '' }: VaultRef): string {
  if (kind === 'user') return '/user/'
  return kind === 'org' ? `${org}/` : `${org}/${project}`
}

/** What a call about a vault gives the daemon. */
export function vaultContext(cwd: string, { kind, org, project }: VaultRef): Context {
  if (kind === 'user' || org === undefined) return contextOf(cwd)
  if (kind === 'org' || project === undefined) return orgContext(cwd, org)
  return contextOf(cwd, { kind: 'project', org, project })
}
