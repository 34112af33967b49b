import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

/** Status and body of a page. */
export async function fetchPage(url: string): Promise<[status: number, body: string]> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  let body = ''
  response.setEncoding('utf8')
  for await (const part of response) body += String(part)
  return [response.statusCode ?? 0, body]
}
