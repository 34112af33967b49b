// The hook of fish, which has no coprocesses: the same looking, and a plain coffer_get.

/** The hook. @param stamp a quoted path: a file whose first line changes when shells shall look again */
export function fishHook(stamp: string): string {
  return `${head(stamp)}${LOADING}${PROMPT}`
}

const head = (
  stamp: string,
): string => `# coffer hook: loads the secrets of an allowed directory, and coffer_get.
functions -q __coffer_unload; and __coffer_unload
set -g __coffer_stamp ${stamp}
set -g __coffer_key ''
set -g __coffer_names
`

const LOADING = `function __coffer_put
    set -l name $argv[1]
    set -g __coffer_was_$name unset
    if set -qg $name
        set -g __coffer_was_$name set
        set -qgx $name; and set -g __coffer_was_$name exported
        set -g __coffer_before_$name $$name
    end
    # set leaves the last status as it was, unless it fails.
    true
    if not set -gx $name $argv[2] 2>/dev/null
        echo "coffer: warning: read-only: $name is not set" >&2
        return
    end
    set -g __coffer_value_$name $argv[2]
    set -ga __coffer_names $name
end
function __coffer_unload
    for name in $__coffer_names[-1..1]
        set -l value __coffer_value_$name
        set -l was __coffer_was_$name
        set -l before __coffer_before_$name
        # What somebody has changed since is theirs.
        if test "$$name" = "$$value"
            switch $$was
                case exported
                    set -gx $name $$before
                case set
                    set -gu $name $$before
                case '*'
                    set -eg $name
            end
        end
        set -eg $value
        set -eg $was
        set -eg $before
    end
    set -g __coffer_names
end
`

const PROMPT = `function __coffer_hook --on-event fish_prompt
    set -l status_before $status
    set -l dir (pwd -P 2>/dev/null)
    set -l key ''
    set -l content
    set -l stamp
    while test -n "$dir"
        set -l file (string replace -r '/$' '' -- $dir)/.coffer.yaml
        if test -f $file
            read -z -n 65537 content <$file 2>/dev/null
            test -r $__coffer_stamp; and read stamp <$__coffer_stamp
            set key $file\\n$stamp\\n$content
            break
        end
        test $dir = /; and break
        set dir (string replace -r '/[^/]*$' '' -- $dir)
        test -z "$dir"; and set dir /
    end
    if test "$key" != "$__coffer_key"
        set -g __coffer_key $key
        __coffer_unload
        if test -n "$key"
            command coffer hook fish --load </dev/null | source
        end
    end
    return $status_before
end
function coffer_reload
    set -g __coffer_key -
    __coffer_hook
end
function coffer_get
    command coffer get $argv
end
`
