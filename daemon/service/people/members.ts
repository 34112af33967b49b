import { displayText } from '../../../shared/display.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Given, News } from '../../core/vault/news.js'
import type { VaultShell } from '../../vault/shell.js'
import { shownDevice } from '../devices/device-name.js'
import { vaultName } from '../place.js'
import type { Session } from '../session.js'

// Who came and went, told to people: once by a command, and in the status until they say that they have read it.

/** More in one vault than this are counted, not told one by one. */
const MANY = 20

function text(session: Session, { replica }: VaultShell, news: News | Given): string {
  const show = (id: News['author']): string => shownDevice(session, replica, id)
  if (news.kind === 'granted') {
    const names = news.names.slice(0, 5).map((name) => displayText(name))
    const others = news.names.length > 5 ? ` and ${news.names.length - 5} more` : ''
    return `${show(news.runner)} given ${names.join(', ')}${others} by ${show(news.author)}`
  }
  const { kind, devices, role = 'nobody', author } = news
  const whom = devices.slice(0, 3).map(show).join(', ')
  const more = devices.length > 3 ? ` and ${devices.length - 3} more devices` : ''
  const isCold = devices.some((id) => replica.membership?.devices.get(id)?.recovery === true)
  const cold = isCold ? ' (a recovery device)' : ''
  switch (kind) {
    case 'joined':
      return `${whom}${more} joined as ${role}${cold}, let in by ${show(author)}`
    case 'removed':
      return `${whom}${more} removed by ${show(author)}`
    case 'role':
      return `${whom}${more} made ${role} by ${show(author)}`
  }
}

function texts(session: Session, shell: VaultShell, news: readonly (News | Given)[]): string[] {
  const shown = news.slice(0, MANY).map((one) => text(session, shell, one))
  const more = news.length - shown.length
  return more > 0 ? [...shown, `${more} more: see coffer audit`] : shown
}

function warningOf(message: string): Warning {
  return { code: 'members', message: message.slice(0, LIMITS.message) }
}

/** What nobody has said to have read of one vault. */
export function memberWarnings(session: Session, shell: VaultShell): Warning[] {
  const { notices, replica } = shell
  const news = [...notices.members(replica), ...notices.grants(replica)]
  return texts(session, shell, news).map(warningOf)
}

/** What no command has told yet, over all vaults; the same in several is said once. @throws CofferError `storage` */
export async function announcements(session: Session): Promise<Warning[]> {
  const where = new Map<string, string[]>()
  for (const { shell, vaultId } of session.vaults.all()) {
    const name = vaultName(session, vaultId)
    if (shell === undefined || name === undefined || session.loading.has(vaultId)) continue
    const news = await shell.told((notices, replica) => notices.announce(replica))
    for (const one of texts(session, shell, news)) where.set(one, [...(where.get(one) ?? []), name])
  }
  const all = [...where].map(([one, names]) => warningOf(`${names.join(', ')}: ${one}`))
  return all.slice(0, 100)
}
