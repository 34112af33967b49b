import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, utf8 } from '../../shared/bytes.js'
import { readConfig, writeConfig } from './config.js'
import { readPrivate, removeFile, writeAtomic, writeNew } from './files.js'
import { clearUnfinished, finishHome, hasHome, locateHome, openHome, prepareHome } from './home.js'
import { inFolder, inHome } from './testing/home.js'
import { refusal } from '../../shared/testing/refusal.js'

const uid = process.geteuid?.() ?? 0
const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8)

test('a home is made 0700 and is one only when finished', () =>
  inFolder((folder) => {
    const path = join(folder, 'a/b/home')
    const home = prepareHome(path, uid)
    assert.is(mode(path), '700')
    assert.not(hasHome(path, uid))
    finishHome(home)
    assert.ok(hasHome(path, uid))
    assert.is(openHome(path, uid).path, path)
    assert.is(readFileSync(join(path, 'layout'), 'utf8'), 'coffer-home 1\n')
    assert.is(mode(join(path, 'layout')), '600')
  }))

test("an empty folder is tightened, another's things are left alone", () =>
  inFolder(async (folder) => {
    const path = join(folder, 'home')
    mkdirSync(path, { mode: 0o755 })
    chmodSync(path, 0o755)
    prepareHome(path, uid)
    assert.is(mode(path), '700')
    chmodSync(path, 0o755)
    writeFileSync(join(path, 'thesis.txt'), 'x')
    const error = await refusal(() => prepareHome(path, uid))
    assert.is(error.code, 'home')
    assert.is(error.reason, 'not-empty')
    assert.is(mode(path), '755')
  }))

test('a home of another user, a newer one and none are told apart', () =>
  inHome(async (home) => {
    assert.is((await refusal(() => openHome(home.path, uid))).reason, 'no-home')
    finishHome(home)
    writeFileSync(home.file('layout'), 'coffer-home 2\n')
    assert.is((await refusal(() => openHome(home.path, uid))).reason, 'newer')
    writeFileSync(home.file('layout'), 'coffer-home')
    assert.is((await refusal(() => openHome(home.path, uid))).reason, 'layout')
    const other = await refusal(() => openHome(home.path, uid + 1))
    assert.is(other.code, 'home')
    assert.is(other.reason, 'not-owner')
  }))

test('a folder of another user is refused, as root too', () =>
  inFolder(async (folder) => {
    if (uid !== 0) return
    const path = join(folder, 'home')
    mkdirSync(path)
    chownSync(path, 1234, 1234)
    assert.is((await refusal(() => prepareHome(path, uid))).reason, 'not-owner')
    assert.is(lstatSync(path).uid, 1234)
  }))

test('links on the way to a home are resolved, whether it is there or not', () =>
  inFolder((folder) => {
    const real = realpathSync(folder)
    mkdirSync(join(folder, 'real'))
    symlinkSync(join(folder, 'real'), join(folder, 'link'))
    assert.is(locateHome({ COFFER_HOME: join(folder, 'link/x/y') }, '/'), join(real, 'real/x/y'))
    assert.is(locateHome({ COFFER_HOME: join(folder, 'link') }, '/'), join(real, 'real'))
  }))

test('a link in place of the home is refused when it dangles', () =>
  inFolder(async (folder) => {
    symlinkSync(join(folder, 'nowhere'), join(folder, 'home'))
    assert.is((await refusal(() => prepareHome(join(folder, 'home'), uid))).code, 'home')
  }))

test('files are replaced whole and privately', () =>
  inHome(async (home) => {
    const path = home.file('config')
    writeAtomic(path, utf8('one'))
    writeAtomic(path, utf8('two'))
    assert.is(fromUtf8(readPrivate(path, { maxBytes: 3, uid }) ?? utf8('')), 'two')
    assert.is(mode(path), '600')
    assert.equal(readdirSync(home.path), ['config.json'])
    assert.is((await refusal(() => writeNew(path, utf8('x')))).code, 'exists')
    assert.ok(removeFile(path))
    assert.not(removeFile(path))
    assert.is(readPrivate(path, { maxBytes: 3, uid }), undefined)
  }))

test('a file is read only when it is a small, plain file of ours alone', () =>
  inHome(async (home) => {
    const path = home.file('config')
    const read = (rule = {}): unknown => readPrivate(path, { maxBytes: 10, uid, ...rule })
    writeAtomic(path, utf8('0123456789'))
    assert.ok(read())
    assert.is((await refusal(() => read({ maxBytes: 9 }))).code, 'limit')
    assert.is((await refusal(() => read({ uid: uid + 1 }))).reason, 'not-owner')
    chmodSync(path, 0o640)
    assert.is((await refusal(() => read())).reason, 'file-mode')
    assert.ok(read({ credential: true }))
    chmodSync(path, 0o604)
    assert.is((await refusal(() => read({ credential: true }))).reason, 'file-mode')
    removeFile(path)
    writeFileSync(join(home.path, 'other'), 'x', { mode: 0o600 })
    symlinkSync(join(home.path, 'other'), path)
    assert.is((await refusal(() => read())).reason, 'not-a-file')
    removeFile(path)
    mkdirSync(path)
    assert.is((await refusal(() => read())).reason, 'not-a-file')
  }))

test('a failed write leaves the old content and nothing beside it', () =>
  inHome(async (home) => {
    mkdirSync(home.file('config'))
    writeFileSync(join(home.file('config'), 'x'), '')
    assert.is(
      (
        await refusal(() => {
          writeAtomic(home.file('config'), utf8('new'))
        })
      ).code,
      'home',
    )
    assert.equal(readdirSync(home.path), ['config.json'])
  }))

test('what an interrupted init left goes, other files stay', () =>
  inHome((home) => {
    for (const name of ['keystore', 'device', 'config'] as const)
      writeAtomic(home.file(name), utf8('x'))
    writeFileSync(`${home.file('device')}.0123456789abcdef.tmp`, '')
    mkdirSync(home.file('vaults'))
    mkdirSync(home.file('lock'))
    clearUnfinished(home)
    assert.equal(readdirSync(home.path).toSorted(), ['config.json', 'lock'])
  }))

test('the configuration is checked', () =>
  inHome(async (home) => {
    assert.equal(readConfig(home), {})
    writeConfig(home, { autoLock: 15 })
    assert.equal(readConfig(home), { autoLock: 15 })
    for (const bad of ['{', '[]', '{"autoLock":0}', '{"autoLock":"5"}', '{"autolock":5}', '\xff']) {
      writeAtomic(home.file('config'), utf8(bad))
      assert.is((await refusal(() => readConfig(home))).code, 'format', bad)
    }
    writeAtomic(home.file('config'), utf8(' '.repeat(70_000)))
    assert.is((await refusal(() => readConfig(home))).code, 'limit')
  }))

test.run()
