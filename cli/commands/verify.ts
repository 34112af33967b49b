import type { Command } from '../command.js'
import { columns, showVault } from '../format.js'

export const verify: Command = {
  name: 'verify',
  summary: 'Check everything of all vaults again, and print what two people compare',
  details: `Checks from this machine's disk, not from what was believed when it came: the members' links from the first
on, every signature, that its author might write it, every hash, and that it opens. Ends at the first thing that fails.
Two devices that hold the same links and have read the same log print the same fingerprint: read it to each other, and
no relay can have shown you two histories.`,
  examples: [
    { line: 'coffer verify', text: 'on both devices after coffer sync, when nobody writes' },
    { line: 'coffer verify --json', text: '' },
  ],
  stdout: 'vault, fingerprint, counts',
  exits: ['tampering', 'storage', 'locked'],
  async run(_call, session) {
    const result = await session.call('verify', { context: session.context })
    const rows = result.vaults.map(({ vault, fingerprint, links, changesets, items, ...rest }) => [
      showVault(vault),
      fingerprint,
      `${links} links`,
      `${changesets} changesets`,
      `${items} items${rest.unopened > 0 ? ` (${rest.unopened} not opened: no key here)` : ''}`,
      `log ${rest.pos}`,
    ])
    session.show(result, columns(rows))
  },
}
