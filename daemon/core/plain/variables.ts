import { fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'

// Which secrets become variables of a child, and which never do by themselves (SPEC section 12).

/** What Linux takes for one `NAME=VALUE` with its NUL (MAX_ARG_STRLEN). */
const VARIABLE_MAX = 128 * 1024

// Variables by which a loader, shell or interpreter is told what code to run or where to find it: a teammate's secret
// of such a name would run their code on this machine.
const LOADER_NAMES = new Set(
  `PATH HOME SHELL IFS ENV BASH_ENV SHELLOPTS BASHOPTS CDPATH GLOBIGNORE PS4 PROMPT_COMMAND FPATH ZDOTDIR
  NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE NODE_V8_COVERAGE ELECTRON_RUN_AS_NODE
  PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONEXECUTABLE PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS
  PERL5LIB PERLLIB PERL5OPT PERL5DB PERL5SHELL RUBYOPT RUBYLIB RUBYSHELL GEM_HOME GEM_PATH BUNDLE_GEMFILE
  JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_HOME CLASSPATH MAVEN_OPTS GRADLE_OPTS SBT_OPTS
  DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS DOTNET_SHARED_STORE LUA_INIT LUA_PATH LUA_CPATH PHPRC PHP_INI_SCAN_DIR
  R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER R_HOME ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ELIXIR_ERL_OPTIONS
  GCONV_PATH LOCPATH NLSPATH GLIBC_TUNABLES MALLOC_CHECK_ HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_HOST_CONF
  TERMINFO TERMINFO_DIRS TERMCAP TERMPATH LESSOPEN LESSCLOSE EDITOR VISUAL PAGER MANPAGER BROWSER
  SSH_ASKPASS SUDO_ASKPASS SUDO_EDITOR GIT_SSH GIT_SSH_COMMAND GIT_EXEC_PATH GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER
  GIT_ASKPASS GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_TEMPLATE_DIR GIT_DIR GIT_WORK_TREE HGRCPATH
  OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSLKEYLOGFILE MAKEFLAGS MFLAGS MAKEFILES RUSTC RUSTC_WRAPPER RUSTFLAGS
  NODE_COMPILE_CACHE NODE_REDIRECT_WARNINGS NODE_TLS_REJECT_UNAUTHORIZED BUN_OPTIONS PS1 PS2 BASH_LOADABLES_PATH
  SSL_CERT_FILE SSL_CERT_DIR GIT_SSL_NO_VERIFY GIT_SSL_CAINFO CURL_HOME WGETRC PSQLRC PSQL_PAGER PSQL_EDITOR
  SYSTEMD_PAGER SYSTEMD_EDITOR KUBE_EDITOR VIMINIT EXINIT INPUTRC LESS LESSKEY LESSKEYIN FZF_DEFAULT_COMMAND
  FZF_DEFAULT_OPTS CC CXX PKG_CONFIG PKG_CONFIG_PATH CMAKE_TOOLCHAIN_FILE RUSTC_WORKSPACE_WRAPPER RUSTUP_HOME
  RUSTUP_TOOLCHAIN GOROOT GOENV GOTOOLCHAIN JAVA_OPTS ANT_OPTS MAVEN_ARGS PIP_CONFIG_FILE NIX_PATH NIX_CONFIG
  GOFLAGS CARGO_HOME TMPDIR XDG_CONFIG_HOME XDG_CONFIG_DIRS XDG_DATA_HOME XDG_DATA_DIRS XDG_RUNTIME_DIR`.split(
    /\s+/,
  ),
)
const LOADER_PREFIXES = [
  'LD_',
  'DYLD_',
  'BASH_FUNC_',
  'GIT_CONFIG',
  'COFFER_',
  'CORECLR_',
  'COR_',
  'COMPlus_',
  'LUA_INIT',
  'LUA_PATH',
  'LUA_CPATH',
  'PERL5',
  'PYTHON',
]

export type Pair = { readonly name: string; readonly value: Bytes }

/** True for a name that a shell takes for a variable. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/** True for a variable that decides what code runs. */
export function isLoaderVariable(name: string): boolean {
  // npm reads its own in any case.
  if (LOADER_NAMES.has(name) || /^npm_config_/i.test(name)) return true
  return LOADER_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/**
 * The variables of a child. A name that is no identifier is skipped, or refused when it was asked for by name.
 * @param asked whether the secrets were named one by one (`--only`)
 * @param allow loader variables that the caller lets through (`--allow-env`)
 * @throws CofferError by name: `refused` (reason `loader-variable`), `format` (reason `not-a-variable`: NUL, not UTF-8,
 * no identifier), `limit` (reason `not-a-variable`: 128 KiB or more)
 */
export function childVariables(
  secrets: readonly Pair[],
  asked: boolean,
  allow: readonly string[],
): { variables: Pair[]; skipped: string[] } {
  const variables: Pair[] = []
  const skipped: string[] = []
  for (const secret of secrets) {
    if (!isIdentifier(secret.name)) {
      if (asked) throw notVariable('format', secret.name, 'is no name of a variable')
      skipped.push(secret.name)
      continue
    }
    if (isLoaderVariable(secret.name) && !allow.includes(secret.name)) throw loader(secret.name)
    checkValue(secret)
    variables.push(secret)
  }
  return { variables, skipped }
}

/** A variable has one value: of two under one name the later counts. */
export function mergedVariables(first: readonly Pair[], second: readonly Pair[]): Pair[] {
  if (second.length === 0) return [...first]
  return [...new Map([...first, ...second].map((one) => [one.name, one] as const)).values()]
}

function checkValue({ name, value }: Pair): void {
  if (utf8(name).length + value.length + 2 > VARIABLE_MAX) {
    throw notVariable('limit', name, 'has 128 KiB or more')
  }
  if (value.includes(0)) throw notVariable('format', name, 'holds a NUL byte')
  if (fromUtf8(value) === undefined) throw notVariable('format', name, 'is not UTF-8 text')
}

function notVariable(code: 'format' | 'limit', name: string, why: string): CofferError {
  return new CofferError(code, `the secret '${displayText(name)}' can't be a variable: it ${why}`, {
    reason: 'not-a-variable',
    next: 'choose others with --only, or read this one with coffer get -n',
  })
}

function loader(name: string): CofferError {
  return new CofferError('refused', `the secret '${name}' would decide what code the child runs`, {
    reason: 'loader-variable',
    next: `choose others with --only, or say --allow-env ${name}`,
  })
}
