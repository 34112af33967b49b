import { windowed } from '../list.js'
import { nameOf } from '../screens/places.js'
import type { PlacesState } from '../screens/places-keys.js'
import type { World } from '../world.js'
import { columns, line, row, span, type Line } from './line.js'
import type { Size } from './size.js'

export function placesView(
  { list }: PlacesState,
  world: World,
  { width, height }: Size,
): readonly Line[] {
  const { places, placesRead, status } = world
  if (places.length === 0) return [line(span(placesRead ? 'none' : 'reading…', 'dim'))]
  const counts = new Map(status?.vaults.map((one) => [one.vault.vaultId, one]))
  const wide = Math.max(10, width - 31)
  return windowed(list, places, height).map(({ item, index }) => {
    const vault = counts.get(item.vaultId)
    const secrets = vault === undefined ? '' : counted(vault.secrets, 'secret')
    const state = [
      vault?.state === 'loading' ? 'loading' : '',
      (vault?.conflicts ?? 0) > 0 ? counted(vault?.conflicts ?? 0, 'conflict') : '',
      (vault?.queued ?? 0) > 0 ? `${vault?.queued} queued` : '',
    ].find(Boolean)
    return row(
      index === list.at,
      columns(
        { text: nameOf(item), width: wide, look: index === list.at ? 'strong' : 'plain' },
        { text: secrets, width: 14, look: 'dim' },
        { text: state ?? item.role, width: 12, look: state === undefined ? 'dim' : 'accent' },
      ),
    )
  })
}

function counted(count: number, what: string): string {
  return `${count} ${count === 1 ? what : `${what}s`}`
}
