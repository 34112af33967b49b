// Who may import what. Type-only imports count: a type is knowledge too.

/** Tests, and the suites that exist to be run by them. */
const TESTS = '(\\.test\\.tsx?|/testing/[^/]+\\.ts)$'
const PROGRAMS = '^(shared|daemon|sync-server|cli)/'

/** npm packages as dependency-cruiser resolves them. */
const npm = (...names) => `^node_modules/(${names.join('|')})(/|$)`

/** @returns a rule: files of `from` import no npm packages but those of `names` (tests: a test's own as well). */
const allowlist = (folder, names, extra = {}) => ({
  name: `packages-of-${folder.replace(/\W+/g, '-').replace(/^-|-$/g, '')}`,
  comment: 'Each package is a decision; ARCHITECTURE.md says why each is here.',
  severity: 'error',
  from: { path: folder, pathNot: [TESTS, ...(extra.except ?? [])] },
  to: { path: '^node_modules/', pathNot: names.length > 0 ? npm(...names) : '^$' },
})

const only = (name, comment, packages, places) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: places },
  to: { path: npm(...packages) },
})

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module. Cycles of types alone are cycles.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'Every import is found.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that is only there because another brought it can go any day.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    {
      name: 'no-development-packages-in-programs',
      comment: "They aren't there when the programs are installed.",
      severity: 'error',
      from: { path: PROGRAMS, pathNot: TESTS },
      // Types vanish when compiled: react's are a development package.
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: '^node_modules/@types/',
      },
    },
    {
      name: 'no-tests-in-programs',
      comment: 'What ships must not rest on what only tests.',
      severity: 'error',
      from: { path: PROGRAMS, pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'shared-stands-alone',
      comment: 'Both ends know shared; shared knows neither.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(daemon|sync-server|cli|scripts)/' },
    },
    {
      name: 'pure',
      comment:
        'The pure cores get clock, randomness and storage handed in; no I/O, so every order can be tested.',
      severity: 'error',
      from: { path: '^(shared|daemon/core|sync-server/core|cli/tui/model)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'cores-know-no-shell',
      comment: 'Decisions are made inside, done outside: a core never calls its shell.',
      severity: 'error',
      from: { path: '^(daemon|sync-server)/core/' },
      to: { path: '^(daemon|sync-server|cli|scripts)/', pathNot: '^$1/core/' },
    },
    {
      name: 'the-model-knows-no-terminal',
      comment:
        'What happens and what is seen are decided without Ink, React, sockets or streams: tests press the keys.',
      severity: 'error',
      from: { path: '^cli/tui/model/' },
      to: { path: `^cli/|${npm('ink', 'react')}`, pathNot: '^cli/tui/model/' },
    },
    only(
      'ink-in-the-terminal-ui',
      'Ink and React cost a tenth of a second to start: they are in a bundle of their own.',
      ['ink', 'react', '@types/react'],
      '^cli/tui/',
    ),
    {
      name: 'programs-stand-apart',
      comment: 'They meet over a socket, by the messages in shared, and nowhere else.',
      severity: 'error',
      from: { path: '^(daemon|sync-server|cli)/' },
      to: { path: '^(daemon|sync-server|cli|scripts)/', pathNot: '^$1/' },
    },
    {
      name: 'nothing-of-the-relay-decrypts',
      comment:
        'What the relay can reach must be unable to open a secret, whoever runs it. What it wraps its own disk with is AES of Node in sync-server/at-rest: it opens its own wraps, and needs no library of OpenPGP.',
      severity: 'error',
      from: { path: '^(sync-server|shared)/' },
      to: {
        path: `^(daemon|cli)/|${npm('openpgp', 'libsodium-wrappers-sumo')}`,
        reachable: true,
      },
    },
    only(
      'libsodium-in-two-places',
      'Keys are handled where a reader looks for them; the relay verifies through shared/crypto alone.',
      ['libsodium-wrappers'],
      '^(shared/crypto|daemon/core/crypto)/',
    ),
    only(
      'argon2-in-the-worker',
      'The sumo build costs 30 ms more and 256 MiB at work: the unlock worker alone loads it.',
      ['libsodium-wrappers-sumo'],
      '^daemon/keystore/passphrase-worker\\.ts$',
    ),
    only(
      'cbor-through-the-codec',
      'One strict encoding, made strict in one place; tests forge bytes with it.',
      ['cborg'],
      `^shared/|${TESTS}|^scripts/`,
    ),
    only(
      'level-behind-the-store',
      'Storage is an interface; shells never see a database.',
      ['level', 'classic-level', 'abstract-level'],
      '^(daemon/store|sync-server/mailbox|scripts)/',
    ),
    only(
      'openpgp-in-one-place',
      'It costs 45 ms to load and its errors are texts: one folder loads it late and gives them codes.',
      ['openpgp'],
      '^daemon/pgp/',
    ),
    allowlist('^shared/', ['cborg', 'libsodium-wrappers']),
    allowlist('^daemon/core/', ['libsodium-wrappers']),
    allowlist(
      '^daemon/',
      [
        'chokidar',
        'level',
        'libsodium-wrappers',
        'libsodium-wrappers-sumo',
        'openpgp',
        'ws',
        '@types/ws',
        'yaml',
      ],
      { except: ['^daemon/core/'] },
    ),
    allowlist('^sync-server/core/', []),
    allowlist('^sync-server/', ['level', 'prom-client', 'ws', '@types/ws'], {
      except: ['^sync-server/core/'],
    }),
    allowlist('^cli/tui/model/', ['diff', 'fuzzysort', 'string-width', 'uqr']),
    allowlist('^cli/tui/', ['ink', 'react', '@types/react', 'string-width'], {
      except: ['^cli/tui/model/'],
    }),
    allowlist('^cli/', ['chokidar', 'commander', 'yaml'], { except: ['^cli/tui/'] }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|bin|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
}
