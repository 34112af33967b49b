// Which secrets the hook makes variables of an interactive shell. A shell obeys more variables than a program does, and
// every shell others: so names of one plain shape, and of those none that a shell gives a meaning to. Pure.

const SPECIAL = new Set(
  `ARGC ARGV BAUD CHILD_MAX CMD_DURATION COLUMNS CORRECT_IGNORE CORRECT_IGNORE_FILE CPUTYPE DIRSTACK DIRSTACKSIZE EDITOR
  EGID EMACS ENV EUID EXECIGNORE FCEDIT FIGNORE FUNCNEST GID GLOBIGNORE GROUPS HOME HOST HOSTFILE HOSTNAME HOSTTYPE IFS
  IGNOREEOF INPUTRC INSIDE_EMACS KEYBOARD_HACK KEYTIMEOUT LANG LINENO LINES LISTMAX LOGCHECK LOGNAME MACHTYPE MANPATH
  MATCH MBEGIN MEND MODULE_PATH NULLCMD OLDPWD OPTARG OPTERR OPTIND OSTYPE PATH PIPESTATUS POSIXLY_CORRECT POSTEDIT PPID
  PSVAR PWD RANDOM READNULLCMD REPLY REPORTMEMORY REPORTTIME SAVEHIST SECONDS SHELL SHELLOPTS SHLVL SRANDOM STTY TERM
  TERMINFO TIMEFMT TIMEFORMAT TMOUT TMPPREFIX TMPSUFFIX TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTY TTYIDLE UID USER USERNAME
  VENDOR VISUAL WORDCHARS`.split(/\s+/),
)
const SPECIAL_BEGINNINGS =
  /^(?:BASH|COMP_|COPROC|EPOCH|FISH|HIST|LC_|LOADED|MAIL|PROMPT|PS[0-4]$|READLINE_|RPROMPT|RPS|SPROMPT|WATCH|ZDOTDIR|ZLE_|ZLS_|ZSH)/

/** Whether a name is of the plain shape (capitals, digits, underscores) and nothing to any shell. */
export function isShellName(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name) && !isSpecial(name)
}

/** Whether a shell gives a variable of this name a meaning of its own. */
export function isSpecial(name: string): boolean {
  return SPECIAL.has(name) || SPECIAL_BEGINNINGS.test(name)
}
