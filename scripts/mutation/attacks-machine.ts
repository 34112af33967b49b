import type { Mutation } from './mutation.js'

// What a neighbour on the machine does, and what a daemon's surroundings give away.

const READ_PRIVATE = 'a file is read only when it is a small, plain file of ours alone'
const SURROUNDINGS = 'attack 45: a daemon keeps no variable of its starter, and dumps no core'

export const MACHINE: readonly Mutation[] = [
  {
    attack: 44,
    without: "a file's modes",
    patches: [
      {
        file: 'daemon/home/files.ts',
        was: 'if ((stat.mode & others) !== 0) {',
        now: 'if (others === 0) {',
      },
    ],
    test: { file: 'daemon/home/home.test.ts', name: READ_PRIVATE },
    red: ['file-mode'],
  },
  {
    attack: 44,
    without: 'the refusal to follow links',
    patches: [
      {
        file: 'daemon/home/files.ts',
        was: 'fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)',
        now: 'fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)',
      },
    ],
    test: { file: 'daemon/home/home.test.ts', name: READ_PRIVATE },
    red: ['not-a-file'],
  },
  {
    attack: 44,
    without: "the privacy of the socket's folder",
    patches: [
      {
        file: 'daemon/lifecycle/place.ts',
        was: 'return stat.isDirectory() && isPrivate(stat, home.uid) ? named.socket : undefined',
        now: 'return stat.isDirectory() ? named.socket : undefined',
      },
    ],
    test: {
      file: 'daemon/lifecycle/place.test.ts',
      name: 'what stands in its place is not connected to',
    },
    red: ['namedSocket(home), undefined'],
  },
  {
    attack: 45,
    without: "the cut of an error's message",
    patches: [
      {
        file: 'daemon/lifecycle/log.ts',
        was: 'const traced = stack.slice(stack.indexOf(message) + message.length)',
        now: 'const traced = message.length >= 0 ? stack : message',
      },
    ],
    test: {
      file: 'daemon/lifecycle/hostile.test.ts',
      name: 'attack 45: an error whose message looks like a stack takes no secret into the log',
    },
    red: ["includes('SECRET')"],
  },
  {
    attack: 45,
    without: "the daemon's own environment",
    patches: [
      {
        file: 'cli/reach/daemon-spawn.ts',
        was: '...SMALL_MALLOC }',
        now: '...SMALL_MALLOC, ...env }',
      },
    ],
    test: { file: 'scripts/e2e/hostile-local.test.ts', name: SURROUNDINGS },
    red: ['token-of-ci|of-the-shell|NODE_OPTIONS'],
    programs: true,
  },
  {
    attack: 45,
    without: "the token's removal from a child's environment",
    patches: [{ file: 'cli/child/child.ts', was: "delete env['COFFER_TOKEN']", now: '' }],
    test: {
      file: 'cli/child/child.test.ts',
      name: 'attack 45: a child gets what it was given, and never the token of its starter',
    },
    red: ['COFFER_TOKEN', 'token-of-ci'],
  },
  {
    attack: 44,
    without: "a file's owner",
    patches: [
      {
        file: 'daemon/home/files.ts',
        was: 'if (stat.uid !== uid && !(credential && stat.uid === 0)) {',
        now: 'if (stat.uid < 0) {',
      },
    ],
    test: { file: 'daemon/home/home.test.ts', name: READ_PRIVATE },
    red: ['not-owner'],
  },
  {
    attack: 44,
    without: 'the ear for the signal that opens a debugger',
    patches: [
      {
        file: 'daemon/lifecycle/process.ts',
        was: "  process.on('SIGUSR1', () => undefined)",
        now: '',
      },
    ],
    test: {
      file: 'daemon/lifecycle/life.test.ts',
      name: 'attack 44: no signal opens a debugger that every user of the machine could connect to',
    },
    red: ['0100007F'],
  },
  {
    attack: 61,
    without: 'the check of names in a file of variables',
    patches: [
      {
        file: 'cli/interop/writers.ts',
        was: 'const found = VARIABLES.includes(format) ? names.find(isLoaderVariable) : undefined',
        now: 'const found = VARIABLES.includes(format) ? names.find(() => false) : undefined',
      },
    ],
    test: {
      file: 'cli/interop/formats.test.ts',
      name: 'attack 61: what a teammate named LD_PRELOAD gets into no file of variables unasked',
    },
    red: ['nothing was refused'],
  },
]
