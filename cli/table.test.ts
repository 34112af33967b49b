import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { optionShape, usageOf } from './command.js'
import { commandHelp, groupHelp, topHelp } from './help.js'
import { locate, plainWords, spellings, unknownCommand } from './locate.js'
import { parseCall } from './parse.js'
import { EXITS, VARIABLES } from './outcomes.js'
import { COMMANDS, TOPICS } from './table.js'

const plain = (text: string): string => text

function means(line: string): string {
  const located = locate(line.split(' '), COMMANDS)
  return located === undefined ? 'none' : `${located.command.name}: ${located.rest.join(' ')}`
}

test('every way to write a command means one', () => {
  const all = COMMANDS.flatMap((command) => spellings(command).map((words) => words.join(' ')))
  assert.is(new Set(all).size, all.length)
})

test('every example is understood as its own command', () => {
  for (const command of COMMANDS) {
    assert.ok(command.examples.length > 0, command.name)
    for (const { line } of command.examples) {
      const words = line
        .replace(/^.*\| coffer /, '')
        .replace(/^.*?\bcoffer /, '')
        .replace(/ (<|>|\||3<).*$/, '')
        .split(' ')
      const located = locate(words, COMMANDS)
      assert.is(located?.command, command, line)
      assert.type(parseCall(command, located?.rest ?? []).args.length, 'number', line)
    }
  }
})

test('options stand before, between and after', () => {
  const table: readonly (readonly [string, string])[] = [
    ['get A', 'secret get: A'],
    ['secrets get -n A', 'secret get: -n A'],
    ['-n get A', 'secret get: -n A'],
    ['--org acme secret --project web set A v', 'secret set: --org acme --project web A v'],
    ['set --file get A', 'secret set: --file get A'],
    ['orgs list', 'org ls: '],
    ['projects --org=o rm -f p', 'project rm: --org=o -f p'],
    ['conflicts', 'conflicts: '],
    ['conflicts ls', 'conflicts: '],
    ['conflicts resolve A', 'conflicts resolve: A'],
    ['run --only A -- get x', 'run: --only A -- get x'],
    ['secret', 'none'],
    ['-- get A', 'none'],
    ['getx', 'none'],
  ]
  for (const [line, meaning] of table) assert.is(means(line), meaning, line)
})

test('what was meant is guessed', () => {
  const guess = (line: string): string | undefined =>
    unknownCommand(plainWords(line.split(' ')), COMMANDS).next
  assert.match(guess('gte A') ?? '', 'did you mean coffer get?')
  assert.match(guess('project craete x') ?? '', 'did you mean coffer project create?')
  assert.match(guess('projcet ls') ?? '', 'did you mean coffer project?')
  assert.is(guess('frobnicate'), 'see coffer --help')
})

test('options are read, mistakes named', () => {
  const set = COMMANDS.find(({ name }) => name === 'secret set')
  const run = COMMANDS.find(({ name }) => name === 'run')
  const join = COMMANDS.find(({ name }) => name === 'join')
  const get = COMMANDS.find(({ name }) => name === 'secret get')
  assert.ok(set !== undefined && run !== undefined && join !== undefined && get !== undefined)
  const call = parseCall(set, ['A', '-f', 'x', '--allow-empty', '--org=o'])
  assert.equal([...call.args], ['A'])
  assert.is(call.text('file'), 'x')
  assert.is(call.text('org'), 'o')
  assert.ok(call.flag('allow-empty'))
  assert.not(call.flag('stdin'))
  assert.equal(
    [...parseCall(run, ['--only', 'A', '--only', 'B', '--', 'x', '--only', 'C']).args],
    ['x', '--only', 'C'],
  )
  assert.equal(parseCall(run, ['--only', 'A', '--only', 'B', 'x']).list('only'), ['A', 'B'])
  assert.ok(parseCall(join, ['C', '--no-wait']).flag('no-wait'))
  assert.not(parseCall(join, ['C']).flag('no-wait'))
  assert.throws(() => parseCall(set, ['A', 'B', 'C']), /too many arguments/)
  assert.throws(() => parseCall(set, ['--fiel', 'x']), /Did you mean --file/)
  assert.throws(() => parseCall(get, []), /missing required argument/)
})

test('help says it all, in lines of sensible width', () => {
  const top = topHelp(TOPICS, plain)
  for (const command of COMMANDS) {
    assert.match(top, command.name)
    const help = commandHelp(command, plain)
    assert.match(help, usageOf(command))
    for (const option of command.options ?? []) {
      assert.match(help, option.flags)
      assert.is.not(optionShape(option.flags).long, '', option.flags)
    }
  }
  for (const { name } of VARIABLES) assert.match(top, name)
  assert.match(groupHelp('secret', COMMANDS, plain), 'coffer secret COMMAND')
  assert.is(EXITS.find(({ code }) => code === 'not-found')?.exit, '20')
})

test.run()
