# bash completion for ipcctl(1)
#
# The program says what could stand at the cursor: a candidate a line, a tab and its description. A line that begins
# with a tab leaves it to the shell.

_ipcctl() {
    local words=() rest=${COMP_LINE:0:COMP_POINT} word trimmed i
    # bash takes words apart at the characters of COMP_WORDBREAKS, which addresses and --format=json have: what no
    # blank stands between belongs together.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        trimmed=${rest#"${rest%%[![:blank:]]*}"}
        # Of the last word only what is before the cursor counts.
        ((i == COMP_CWORD)) && word=${word:0:${#trimmed}}
        if ((i > 1)) && [[ $trimmed == "$rest" ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        rest=${trimmed#"$word"}
    done

    local current=${words[${#words[@]} - 1]} quoted=
    case $current in
        [\"\']*)
            quoted=${current:0:1}
            current=${current:1}
            words[${#words[@]} - 1]=$current
            ;;
    esac

    # Split at the ends of lines alone, by the shell itself: mapfile would read a pipe byte by byte.
    local - IFS=$'\n' lines
    set -o noglob
    lines=($(command ipcctl __complete -- "${words[@]:1}" 2>/dev/null))

    # What the shell itself completes, after what stands before it in the same word.
    local tab=$'\t' action= before=
    case ${lines[0]-} in
        "$tab"files*) action=file ;;
        "$tab"dirs*) action=directory ;;
        "$tab"commands*) action=command ;;
    esac
    if [[ -n $action ]]; then
        before=${lines[0]##*"$tab"}
        [[ $action == command ]] || compopt -o filenames 2>/dev/null
        mapfile -t lines < <(compgen -P "$before" -A "$action" -- "${current#"$before"}")
    fi

    # The shell replaces what stands after the last character at which it breaks words. Between quotes it breaks none.
    local kept=
    if [[ -z $quoted && -n $COMP_WORDBREAKS ]]; then
        kept=${current%"${current##*["$COMP_WORDBREAKS"]}"}
        # At an at sign it breaks before the sign.
        kept=${kept%@}
    fi

    if ((COMP_TYPE == 63 && ${#lines[@]} > 1)); then
        # They are listed and nothing is inserted: as they are, with what they are.
        COMPREPLY=("${lines[@]/"$tab"/  }")
    else
        lines=("${lines[@]#"$kept"}")
        COMPREPLY=("${lines[@]%%"$tab"*}")
        ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[:/=,] ]] && compopt -o nospace 2>/dev/null
    fi
    compopt -o nosort 2>/dev/null
    return 0
}

complete -F _ipcctl ipcctl
