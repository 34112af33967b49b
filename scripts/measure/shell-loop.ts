// What a shell's own loop waits for: coffer_get through the coprocess of `coffer hook`.
import { type Home } from '../e2e/harness/home.js'
import { inWorld, type World } from '../e2e/harness/world.js'
import { type Bench, type Group } from './bench.js'
import { spawned, startOf } from './spawned.js'
import { inTurn } from './turns.js'

const NAME = '/user/bench/token'
const VALUE = 'correct horse battery staple'

/** Milliseconds of one turn, by the shell's own clock: its start and the coprocess's are no part of it. */
const LOOP = `
if [ -n "\${ZSH_VERSION-}" ]; then zmodload zsh/datetime; eval "$(coffer hook zsh)"; else eval "$(coffer hook bash)"; fi
echo_once() { printf '%s\\n' x >&$to; IFS= read -r value <&$from; }
if [ "$2" = floor ]; then
  if [ -n "\${ZSH_VERSION-}" ]; then coproc cat; exec {to}>&p {from}<&p; else coproc cat; to=\${COPROC[1]} from=\${COPROC[0]}; fi
  turn=echo_once
else
  turn="coffer_get -v value ${NAME}"
fi
[ -z "\${ZSH_VERSION-}" ] || setopt shwordsplit
$turn
start=$EPOCHREALTIME
i=0
while [ $i -lt $1 ]; do i=$((i + 1)); $turn; done
end=$EPOCHREALTIME
echo "$start $end $1 $value" | awk '{ print ($2 - $1) * 1000 / $3, $4 }'
`

export const shellLoop: Group = {
  figures: ['coffer_get-bash', 'coffer_get-zsh'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      await home.init()
      await home.ok(['set', NAME, '--stdin'], { stdin: VALUE })
      for (const shell of ['bash', 'zsh']) await loop({ bench, world, home, shell })
    }),
}

type Place = {
  readonly bench: Bench
  readonly world: World
  readonly home: Home
  readonly shell: string
}

async function loop({ bench, world, home, shell }: Place): Promise<void> {
  const name = `coffer_get-${shell}`
  if (!bench.wanted(name)) return
  const times = bench.quick ? '200' : '2000'
  const start = startOf(world, home)
  const plain = shell === 'bash' ? ['--norc', '--noprofile'] : ['-f']
  const turn = (which: string, value: string) => (): number => {
    let took = Number.NaN
    spawned(start, [shell, ...plain, '-c', LOOP, 'loop', times, which], (out) => {
      const [ms, read] = out.trim().split(' ')
      took = Number(ms)
      return took > 0 && read === value
    })
    return took
  }
  const medians = await inTurn(bench.quick ? 3 : 9, turn('floor', 'x'), turn('get', 'correct'))
  bench.add({
    name,
    what: `coffer_get in a loop of ${shell}`,
    unit: 'ms',
    ...medians,
    floorIs: 'a line to a coprocess cat and back',
    target: { atMost: 1 },
  })
}
