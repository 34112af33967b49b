import type { DaemonHandlers } from '../rpc/call.js'
import { listConflicts, resolveConflict } from '../service/secrets/conflicts.js'
import { generateSecret, generateValue } from '../service/secrets/generate.js'
import {
  createOrg,
  createProject,
  listOrgs,
  listProjects,
  removeProject,
  selectOrg,
  selectProject,
} from '../service/people/scopes.js'
import { getSecret, listSecrets, secretHistory } from '../service/secrets/secrets-read.js'
import { secretEnvironment } from '../service/secrets/environment.js'
import { allowFile } from '../service/allowed.js'
import { readMany } from '../service/secrets/read-many.js'
import {
  moveSecret,
  removeSecrets,
  rollbackSecret,
  setMany,
  setSecret,
} from '../service/secrets/secrets-write.js'
import type { Session } from '../service/session.js'

type SecretMethod =
  | 'orgCreate'
  | 'orgList'
  | 'orgSelect'
  | 'projectCreate'
  | 'projectList'
  | 'projectRemove'
  | 'projectSelect'
  | 'secretSet'
  | 'secretSetMany'
  | 'secretGet'
  | 'secretList'
  | 'secretReadMany'
  | 'secretRemove'
  | 'secretMove'
  | 'secretHistory'
  | 'secretRollback'
  | 'secretGenerate'
  | 'valueGenerate'
  | 'secretEnvironment'
  | 'selectionAllow'
  | 'conflictsList'
  | 'conflictsResolve'

/** The methods on orgs, projects and secrets of the open home. */
export function secretHandlers(session: () => Session): Pick<DaemonHandlers, SecretMethod> {
  return {
    orgCreate: (params) => createOrg(session(), params),
    orgList: (params) => listOrgs(session(), params),
    orgSelect: (params) => selectOrg(session(), params),
    projectCreate: (params) => createProject(session(), params),
    projectList: (params) => listProjects(session(), params),
    projectRemove: (params) => removeProject(session(), params),
    projectSelect: (params) => selectProject(session(), params),
    secretSet: (params) => setSecret(session(), params),
    secretSetMany: (params) => setMany(session(), params),
    secretGet: (params, { signal }) => getSecret(session(), params, signal),
    secretList: (params, { signal }) => listSecrets(session(), params, signal),
    secretReadMany: (params, { signal }) => readMany(session(), params, signal),
    secretRemove: (params) => removeSecrets(session(), params),
    secretMove: (params) => moveSecret(session(), params),
    secretHistory: (params, { signal }) => secretHistory(session(), params, signal),
    secretRollback: (params) => rollbackSecret(session(), params),
    secretGenerate: (params) => generateSecret(session(), params),
    valueGenerate: async (params) => generateValue(session(), params),
    secretEnvironment: (params, { signal }) => secretEnvironment(session(), params, signal),
    selectionAllow: (params) => allowFile(session(), params),
    conflictsList: (params) => listConflicts(session(), params),
    conflictsResolve: (params) => resolveConflict(session(), params),
  }
}
