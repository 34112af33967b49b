import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export type Pages = {
  readonly registry: Registry
  /** Why the relay isn't ready; undefined when it is. */
  readonly readiness: () => Promise<string | undefined>
}

/** `/livez`, `/readyz` and `/metrics`; everything else is 404, other methods 405. Never rejects. */
export async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  pages: Pages,
): Promise<void> {
  const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  request.resume()
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'method\n')
    switch (request.url?.split('?')[0]) {
      case '/livez':
        return send(200, 'ok\n')
      case '/readyz': {
        const reason = await pages.readiness()
        return reason === undefined ? send(200, 'ok\n') : send(503, `${reason}\n`)
      }
      case '/metrics':
        return send(200, await pages.registry.metrics(), pages.registry.contentType)
      default:
        return send(404, 'not found\n')
    }
  } catch {
    if (!response.headersSent) send(500, 'internal\n')
    else response.destroy()
  }
}
