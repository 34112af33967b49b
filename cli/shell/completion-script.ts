import type { Shell } from './quote.js'

// What a shell evaluates so that Tab asks coffer. It asks the program each time: commands and names are never out of step.

const BASH = `_coffer_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done \\
    < <(command coffer completion bash --line -- "\${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
}
complete -o default -F _coffer_complete coffer
`

const ZSH = `#compdef coffer
_coffer() {
  local -a found
  found=("\${(@f)$(command coffer completion zsh --line -- "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -n \${found[1]} ]]; then compadd -- "\${found[@]}"; else _files; fi
}
(( \${+functions[compdef]} )) && compdef _coffer coffer
`

const FISH = `function __coffer_complete
    set -l found (command coffer completion fish --line -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c coffer -f -a '(__coffer_complete)'
`

/** The shell's completion of `coffer`. */
export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell]
}
