import { jsonText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { parseDuration } from '../format.js'
import { MEMORY_OPTION, memoryOf, OPENER_OPTIONS, readOpener } from '../openers.js'
import { ANSWER_OPTIONS, answerOf, writeReply } from '../pgp.js'
import type { Session } from '../session.js'
import { checkLockFile } from './lock-file.js'

export const join: Command = {
  name: 'join',
  also: ['org invite accept'],
  summary: 'Join with a code: as another device of yours, or an org of others',
  details: `Prints this device's fingerprint and waits until it is confirmed where the code was made (coffer device
confirm, coffer org invite confirm). The same code again goes on where it stopped. The code for another device of yours
makes the home when there is none; an org's code needs one (coffer init). The code may come in an OpenPGP message;
a reply signed by your key then stands for the fingerprint.`,
  args: [{ name: 'CODE', required: false }],
  options: [
    ...OPENER_OPTIONS,
    MEMORY_OPTION,
    { flags: '--device-name <NAME>', text: "this device's name (the machine's)" },
    { flags: '--timeout <TIME>', text: 'how long to wait (10m)' },
    { flags: '--no-wait', text: 'print the fingerprint and end' },
    ...ANSWER_OPTIONS,
    { flags: '--require-lock', text: 'then fail where what came is not what .coffer/lock says' },
  ],
  examples: [
    { line: 'coffer join CODE', text: 'asks for a passphrase for this device' },
    { line: 'coffer join CODE --key-file ~/.coffer-key --timeout 1h', text: 'for scripts' },
    {
      line: 'gpg -d invite.asc | coffer join --pgp-message - --pgp-reply reply --key-file ~/.coffer-key',
      text: 'then: gpg --clearsign reply',
    },
  ],
  stdout: 'fingerprint: xxxx-xxxx-xxxx-xxxx',
  exits: ['cannot-decrypt', 'stale', 'tampering', 'exists', 'timed-out', 'expired', 'unreachable'],
  async run(call, session) {
    const timeout = parseDuration('--timeout', call.text('timeout') ?? '10m')
    if (call.flag('no-wait') && call.flag('require-lock')) throw nothingToHold()
    const answer = await answerOf(call, session)
    const begun = await begin(session, call, answer.code)
    const line = `fingerprint: ${begun.fingerprint}\n`
    const shown = session.json
      ? jsonText({ fingerprint: begun.fingerprint, state: begun.state })
      : ''
    session.io.out(session.json ? `${shown}\n` : line)
    await writeReply(call, session, answer)
    if (call.flag('no-wait')) return
    if (begun.state === 'waiting') {
      const command = begun.org === undefined ? 'device confirm' : 'org invite confirm'
      session.say(`where the code was made: coffer ${command} ${begun.fingerprint}`)
    }
    await waitForConfirmation(session, timeout, answer.code)
    if (call.flag('require-lock')) await checkLockFile(session)
  },
}

/** Only the code of an own device makes a home: nobody is asked for its passphrase before the daemon wants one. */
async function begin(session: Session, call: Call, code: string): Promise<Result<'joinBegin'>> {
  const device = call.text('device-name')
  const { context } = session
  const params = { context, code, ...(device === undefined ? {} : { device }) }
  try {
    return await session.call('joinBegin', params, { create: true })
  } catch (error) {
    if (!(error instanceof CofferError) || error.reason !== 'no-opener') throw error
    const open = await readOpener(session, call, { twice: true })
    return session.call('joinBegin', { ...params, open, ...memoryOf(call) })
  }
}

async function waitForConfirmation(session: Session, timeout: number, code: string): Promise<void> {
  const result = await session.call('joinWait', { context: session.context, timeout, code })
  if (session.json) session.show(result)
  session.say(`joined: ${result.vaults} vaults, ${result.secrets} secrets`)
}

function nothingToHold(): CofferError {
  return new CofferError('usage', 'with --no-wait there is nothing yet to hold against a lock', {
    reason: 'no-wait',
    next: 'leave one of the two out',
  })
}
