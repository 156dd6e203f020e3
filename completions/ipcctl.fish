# fish completion for ipcctl(1)
#
# The program says what could stand at the cursor: a candidate a line, a tab and its description. A line that begins
# with a tab leaves it to the shell.

function __ipcctl_complete
    set -l words (commandline -opc)
    # A quotation that is still open is no part of the word.
    set -l current (commandline -ct | string replace -r '^["\']' '')
    set -l lines (command ipcctl __complete -- $words[2..-1] "$current" 2>/dev/null)

    set -l left (string split \t -- $lines[1])
    if test "$left[1]" = ''
        # What the shell itself completes, after what stands before it in the same word.
        set -l rest (string sub -s (math (string length -- "$left[3]") + 1) -- "$current")
        switch "$left[2]"
            case files
                __fish_complete_path "$rest" | string replace -r '^' -- "$left[3]"
            case dirs
                __fish_complete_directories "$rest" | string replace -r '^' -- "$left[3]"
            case commands
                __fish_complete_command
        end
        return
    end
    printf '%s\n' $lines
end

complete -c ipcctl -f -k -a '(__ipcctl_complete)'
