import type { ShellEffect } from '../model/effect.js'
import type { AppEvent, Calling, ScreenEvent } from '../model/event.js'
import type { World } from '../model/world.js'
import type { Clipboard } from './clipboard.js'
import { failureOf, type Link } from './link.js'

// What the model asks for, done.

/** Calls the daemon, and tells what came of it. Never rejects. */
export async function called(
  link: Link,
  { method, params, tag }: Calling,
  tell: (event: ScreenEvent) => void,
): Promise<void> {
  const creates = method === 'init' || method === 'joinBegin'
  try {
    const result = await link.call(
      method,
      params,
      ({ phase, done, total }) => {
        tell({ kind: 'progress', method, tag, phase, done, total })
      },
      creates,
    )
    tell({ kind: 'answered', method, tag, result } as ScreenEvent)
  } catch (error) {
    tell({ kind: 'failed', method, tag, failure: failureOf(error) })
  }
}

/** Puts a value on the clipboard; gives what the person is told. Never rejects. */
export async function copied(
  clipboard: Clipboard,
  { value, what }: Extract<ShellEffect, { kind: 'copy' }>,
  { clipboardFor }: World,
): Promise<AppEvent> {
  try {
    const how = await clipboard.copy(value, clipboardFor)
    const text = `${what} copied by ${how}; cleared in ${Math.round(clipboardFor / 1000)} s`
    return { kind: 'note', tone: 'good', text }
  } catch (error) {
    const { message, next } = failureOf(error)
    return { kind: 'note', tone: 'bad', text: [message, next].filter(Boolean).join(': ') }
  }
}

/** Says where the interface failed, and nothing of what: an error's message may hold a value. */
export function crashWord(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  const word = 'coffer: internal: the terminal UI failed; please report where:'
  return `${[word, ...frames.slice(0, 5)].join('\n')}\n`
}
