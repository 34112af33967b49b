import type { DaemonHandlers } from '../rpc/call.js'
import { inviteToOrg, listInvites, revokeInvite } from '../service/people/org-invites.js'
import { confirmJoiner, joinerRequests } from '../service/people/org-joiners.js'
import { listMembers, removeMember, updateMember } from '../service/people/org-members.js'
import { listProjectMembers, setProjectMember } from '../service/people/project-members.js'
import type { Session } from '../service/session.js'

type PeopleMethod =
  | 'orgInvite'
  | 'orgInviteList'
  | 'orgInviteRevoke'
  | 'orgInviteRequests'
  | 'orgInviteConfirm'
  | 'orgMemberList'
  | 'orgMemberUpdate'
  | 'orgMemberRemove'
  | 'projectMemberList'
  | 'projectMemberSet'

/** The methods on the people of orgs and projects. */
export function peopleHandlers(session: () => Session): Pick<DaemonHandlers, PeopleMethod> {
  return {
    orgInvite: (params) => inviteToOrg(session(), params),
    orgInviteList: (params) => listInvites(session(), params),
    orgInviteRevoke: (params) => revokeInvite(session(), params),
    orgInviteRequests: () => joinerRequests(session()),
    orgInviteConfirm: (params) => confirmJoiner(session(), params),
    orgMemberList: (params) => listMembers(session(), params),
    orgMemberUpdate: (params) => updateMember(session(), params),
    orgMemberRemove: (params) => removeMember(session(), params),
    projectMemberList: (params) => listProjectMembers(session(), params),
    projectMemberSet: (params) => setProjectMember(session(), params),
  }
}
