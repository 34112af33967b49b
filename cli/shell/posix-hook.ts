// The hook of bash and zsh: functions to be evaluated in a person's shell. On each prompt only builtins run while nothing
// has changed: the nearest .coffer.yaml is looked for, read and compared. Everything of its own begins with _coffer.

/** What differs between the two. */
type Dialect = {
  readonly shell: 'bash' | 'zsh'
  /** First line of each function that is called from outside. */
  readonly head: string
  /** Reads the file `$file` to `content`, at most 64 KiB. */
  readonly readFile: string
  /** Sets `was` to what the variable named `$1` is: '' unset, `set`, `exported`. */
  readonly was: string
  /** The value of the variable that `$name` (`$1`) names. */
  readonly valueOf: (name: string) => string
  /** The first index of an array. */
  readonly first: 0 | 1
  /** Reads one byte of the lock. */
  readonly readByte: string
  /** Makes three pipes, open both ways, and the reading end of the second. */
  readonly open: string
  /** How deep in subshells this is. */
  readonly depth: string
  /** Has the hook called on each prompt. */
  readonly install: string
}

const BASH: Dialect = {
  shell: 'bash',
  head: "local IFS=$' \\t\\n'",
  readFile: 'IFS= read -r -N 65537 content < "$file"',
  was: '[[ -n ${!1+x} ]] && was=set && [[ ${!1@a} == *x* ]] && was=exported',
  valueOf: (name) => `\${!${name}-}`,
  first: 0,
  readByte: 'read -r -t 2 -N 1 -u "$_coffer_lock" _coffer_token',
  open: `exec {_coffer_in}<> <(:) {rw}<> <(:) {_coffer_lock}<> <(:)
  exec {_coffer_out}< "/dev/fd/$rw"`,
  depth: '$BASH_SUBSHELL',
  install: `if [[ "\${PROMPT_COMMAND[*]-}" != *_coffer_hook* ]]; then
  if [[ "$(declare -p PROMPT_COMMAND 2> /dev/null)" == 'declare -a'* ]]; then
    PROMPT_COMMAND=(_coffer_hook "\${PROMPT_COMMAND[@]}")
  else
    PROMPT_COMMAND="_coffer_hook\${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
  fi
fi`,
}

const ZSH: Dialect = {
  shell: 'zsh',
  head: 'emulate -L zsh',
  readFile: 'sysread -s 65537 content < "$file"',
  was: '(( ${(P)+1} )) && was=set && [[ ${(tP)1} == *export* ]] && was=exported',
  valueOf: (name) => `\${(P)${name}-}`,
  first: 1,
  readByte: 'read -r -t 2 -k 1 -u "$_coffer_lock" _coffer_token',
  open: `sysopen -rw -o cloexec -u _coffer_in <(:) && sysopen -rw -o cloexec -u rw <(:) &&
    sysopen -rw -o cloexec -u _coffer_lock <(:) && sysopen -r -o cloexec -u _coffer_out /dev/fd/$rw`,
  depth: '$ZSH_SUBSHELL',
  install: `zmodload zsh/system
autoload -Uz add-zsh-hook
add-zsh-hook precmd _coffer_hook`,
}

/** The hook. @param stamp a quoted path: a file whose first line changes when shells shall look again */
export function posixHook(shell: 'bash' | 'zsh', stamp: string): string {
  const dialect = shell === 'bash' ? BASH : ZSH
  return [
    state(stamp),
    loading(dialect),
    prompt(dialect),
    coprocess(dialect),
    get(dialect),
    dialect.install,
    '',
  ].join('\n')
}

function state(stamp: string): string {
  return `# coffer hook: loads the secrets of an allowed directory, and coffer_get.
_coffer_unload 2> /dev/null || :
_coffer_stamp=${stamp}
_coffer_key= _coffer_pwd= _coffer_dir= _coffer_in= _coffer_out= _coffer_lock=
_coffer_names=() _coffer_values=() _coffer_before=() _coffer_was=()
`
}

function loading({ head, was, valueOf, first }: Dialect): string {
  const last = first === 0 ? '${#_coffer_names[@]} - 1' : '${#_coffer_names[@]}'
  return `_coffer_put() {
  ${head}
  local was= before=${valueOf('1')}
  ${was}
  if ! export "$1=$2" 2> /dev/null; then
    printf 'coffer: warning: read-only: %s is not set\\n' "$1" >&2
    return
  fi
  _coffer_names+=("$1") _coffer_values+=("$2") _coffer_before+=("$before") _coffer_was+=("$was")
}
_coffer_unload() {
  ${head}
  local i name
  for ((i = ${last}; i >= ${first}; i--)); do
    name=\${_coffer_names[i]}
    # What somebody has changed since is theirs.
    [[ ${valueOf('name')} == "\${_coffer_values[i]}" ]] || continue
    case \${_coffer_was[i]} in
      exported) export "$name=\${_coffer_before[i]}" ;;
      set) typeset -g +x "$name=\${_coffer_before[i]}" ;;
      *) unset -v "$name" ;;
    esac
  done
  _coffer_names=() _coffer_values=() _coffer_before=() _coffer_was=()
}
`
}

function prompt({ shell, head, readFile }: Dialect): string {
  return `_coffer_where() {
  [[ $PWD == "$_coffer_pwd" ]] && return
  _coffer_dir=$(pwd -P 2> /dev/null) && _coffer_pwd=$PWD
}
_coffer_hook() {
  local status_before=$?
  ${head}
  local dir file= content= stamp= code
  if _coffer_where; then
    dir=$_coffer_dir
    while :; do
      if [[ -f \${dir%/}/.coffer.yaml ]]; then
        file=\${dir%/}/.coffer.yaml
        break
      fi
      [[ -z $dir || $dir == / ]] && break
      dir=\${dir%/*}
    done
  fi
  if [[ -n $file ]]; then
    { ${readFile}; } 2> /dev/null
    [[ -r $_coffer_stamp ]] && IFS= read -r stamp < "$_coffer_stamp"
    file+=$'\\n'$stamp$'\\n'$content
  fi
  if [[ $file != "$_coffer_key" ]]; then
    _coffer_key=$file
    _coffer_unload
    if [[ -n $file ]]; then
      code=$(command coffer hook ${shell} --load < /dev/null) && eval "$code"
    fi
  fi
  return $status_before
}
coffer_reload() {
  _coffer_key=-
  _coffer_hook
}
`
}

function coprocess({ head, open, readByte }: Dialect): string {
  return `_coffer_stop() {
  [[ -n $_coffer_in ]] && exec {_coffer_in}>&- {_coffer_out}<&- {_coffer_lock}<&-
  _coffer_in= _coffer_out= _coffer_lock=
}
_coffer_start() {
  ${head}
  local rw
  _coffer_stop
  # Pipes that are open both ways here: a coffer that has ended never costs this shell a SIGPIPE.
  ${open}
  (
    command coffer coprocess < "/dev/fd/$_coffer_in" > "/dev/fd/$rw" 2> /dev/null \\
      {_coffer_in}>&- {_coffer_out}<&- {rw}>&- {_coffer_lock}<&- &
  )
  exec {rw}>&-
  _coffer_home=\${COFFER_HOME-}
  printf x >&$_coffer_lock
}
# One question and its answer, by one process at a time.
_coffer_ask() {
  ${head}
  local LC_ALL=C IFS= _coffer_token
  ${readByte} || return 1
  printf '%s\\0' "$_coffer_dir" "\${COFFER_ORG-}" "\${COFFER_PROJECT-}" "\${COFFER_OFFLINE-}" \\
    "\${EARTHLY_ORG-}" "\${EARTHLY_PROJECT-}" "$1" >&$_coffer_in
  read -r -d '' -t 70 -u $_coffer_out _coffer_status &&
    read -r -d '' -u $_coffer_out _coffer_value &&
    read -r -d '' -u $_coffer_out _coffer_said || return 1
  printf x >&$_coffer_lock
}
`
}

function get({ head, depth }: Dialect): string {
  return `# coffer_get [-v VARIABLE] NAME: as coffer get, to stdout or a variable, without a program for each.
coffer_get() {
  ${head}
  local _coffer_status= _coffer_value= _coffer_said= _coffer_to= _coffer_tries=0
  if [[ \${1-} == -v && $# == 3 ]]; then
    _coffer_to=$2
    shift 2
  fi
  if [[ $# != 1 || $1 == -* ]]; then
    printf 'coffer: usage: coffer_get [-v VARIABLE] NAME\\n' >&2
    return 2
  fi
  # Only the shell itself starts and ends the coprocess; its subshells use it.
  if _coffer_where && [[ -z \${COFFER_TOKEN-}\${COFFER_TOKEN_FILE-} ]]; then
    [[ -n $_coffer_in && \${COFFER_HOME-} != "$_coffer_home" && ${depth} == 0 ]] && _coffer_stop
    while ((_coffer_tries++ < 2)); do
      [[ -z $_coffer_in && ${depth} == 0 ]] && _coffer_start
      [[ -n $_coffer_in && \${COFFER_HOME-} == "$_coffer_home" ]] || break
      _coffer_ask "$1" && break
      _coffer_status=
      [[ ${depth} == 0 ]] || break
      _coffer_stop
    done
  fi
  if [[ -z $_coffer_status ]]; then
    if [[ -z $_coffer_to ]]; then
      command coffer get -- "$1"
      return
    fi
    {
      IFS= read -r -d '' _coffer_status
      IFS= read -r -d '' _coffer_value
      IFS= read -r -d '' _coffer_said
    } < <(command coffer coprocess --once -- "$1")
  fi
  [[ -n $_coffer_said ]] && printf %s "$_coffer_said" >&2
  [[ $_coffer_status == 0 ]] || return "\${_coffer_status:-1}"
  if [[ -n $_coffer_to ]]; then
    printf -v "$_coffer_to" %s "$_coffer_value"
  else
    printf '%s\\n' "$_coffer_value"
  fi
}
`
}
