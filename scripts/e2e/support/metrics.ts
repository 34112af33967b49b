// What a relay counts, read from its metrics page.
import { get } from 'node:http'
import { type Relay } from '../harness/relay.js'

export type Counts = ReadonlyMap<string, number>

function page(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    }).once('error', reject)
  })
}

/** The relay's own counters by their names without prefix, labels included: `requests_total{kind="open",…}`. */
export async function countsOf(relay: Relay): Promise<Counts> {
  const text = await page(`${relay.url.replace(/^ws/, 'http')}/metrics`)
  const rows = [...text.matchAll(/^coffer_relay_(\w+_total(?:\{[^}]*\})?) (\d+)$/gm)]
  return new Map(rows.map(([, name = '', count]) => [name, Number(count)]))
}

/** How much a counter rose, all its labels that match together. */
export function rise(before: Counts, after: Counts, name: string, labels = ''): number {
  const sum = (counts: Counts): number =>
    [...counts]
      .filter(([key]) => key === name || (key.startsWith(`${name}{`) && key.includes(labels)))
      .reduce((total, [, count]) => total + count, 0)
  return sum(after) - sum(before)
}
