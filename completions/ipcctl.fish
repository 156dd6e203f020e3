# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ipcctl_global_optspecs
    string join \n format= json o/columns= no-headings bytes time= color= q/quiet h/help V/version
end

function __fish_ipcctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ipcctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ipcctl_using_subcommand
    set -l cmd (__fish_ipcctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ipcctl -n "__fish_ipcctl_needs_command" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_needs_command" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_needs_command" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_needs_command" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_needs_command" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -s V -l version -d 'Print version'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "list" -d 'List objects, all or those named'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "ls" -d 'List objects, all or those named'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "show" -d 'Show all that is known of objects'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "create" -d 'Make an object and print its address'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "set" -d 'Change objects'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "rm" -d 'Remove objects by address'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "limits" -d 'Show every limit of these facilities, how much is used, and what raises it'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "kinds" -d 'Show what each kind of object can do'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "generate" -d 'Write the manual pages or the completions into a folder'
complete -c ipcctl -n "__fish_ipcctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l family -d 'Only System V or only POSIX objects' -r -f -a "sysv\t'System V IPC'
posix\t'POSIX IPC'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l owner -d 'Only objects of this user (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l name -d 'Only objects whose address matches after its colon: \'/psm_*\', \'/run/*\'' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l older-than -d 'Only objects at least this old: 90, 10m, 2h, 3days' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l min-size -d 'Only objects of at least this size: 4096, 64K, 1.5M' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l fifo-dir -d 'Search this folder and all below it for FIFOs, too (repeatable)' -r -F
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l sort -d 'Order by these columns; a hyphen before one reverses it' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l mine -d 'Only my own objects'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l family -d 'Only System V or only POSIX objects' -r -f -a "sysv\t'System V IPC'
posix\t'POSIX IPC'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l owner -d 'Only objects of this user (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l name -d 'Only objects whose address matches after its colon: \'/psm_*\', \'/run/*\'' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l older-than -d 'Only objects at least this old: 90, 10m, 2h, 3days' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l min-size -d 'Only objects of at least this size: 4096, 64K, 1.5M' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l fifo-dir -d 'Search this folder and all below it for FIFOs, too (repeatable)' -r -F
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l sort -d 'Order by these columns; a hyphen before one reverses it' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l mine -d 'Only my own objects'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l mode -d 'Permission bits, octal and exact' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l owner -d 'Give it to this user (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l group -d 'Give it to this group (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l size -d 'Bytes of memory (sysv-shm, posix-shm)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l huge -d 'Use huge pages of this size (2M or 1G on most machines) (sysv-shm)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l key-from -d 'Take the key that ftok(3) makes of a file and a project, a character or number [default: 1] (sysv-shm, sysv-mq, sysv-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l max-bytes -d 'Bytes of messages it may hold; more than MSGMNB needs CAP_SYS_RESOURCE (sysv-mq)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l max-messages -d 'Messages it may hold (posix-mq)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l message-size -d 'Bytes that one message may have (posix-mq)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l count -d 'Semaphores in the set [default: 1] (sysv-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l value -d 'Value of the semaphore, or of every one of a set (sysv-sem, posix-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l values -d 'Values of all semaphores of the set, in order (sysv-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l if-missing -d 'Accept an object that exists, if it fits'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l mode -d 'New permission bits, octal' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l owner -d 'New owner (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l group -d 'New group (name or id)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l size -d 'Bytes of memory (posix-shm)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l max-bytes -d 'Bytes of messages it may hold; more than MSGMNB needs CAP_SYS_RESOURCE (sysv-mq)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l value -d 'Value of the semaphore, or of every one of a set (sysv-sem, posix-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l index -d 'Which semaphore of the set --value is for (sysv-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l values -d 'Values of all semaphores of the set, in order (sysv-sem)' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l lock-memory -d 'Keep its pages out of swap (sysv-shm)'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l unlock-memory -d 'Let its pages be swapped again (sysv-shm)'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l force -d 'Shrink it although somebody holds it: its holders may be killed by SIGBUS (posix-shm)'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l if-exists -d 'A missing object is no error'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l unused -d 'Remove only what nothing holds, where that can be proved'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l fail-above -d 'Exit with status 1 if more than this share of a limit is used, and name it' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand limits" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand kinds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l format -d 'Write the answer in this format' -r -f -a "table\t'Aligned columns for people'
json\t'One JSON document'
jsonl\t'One JSON object a line'
csv\t'Comma-separated values with a heading'
plain\t'Tab-separated values without a heading'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -s o -l columns -d 'Print these columns: A,B replaces the default, +A,B adds to it, help lists them' -r
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l time -d 'Print points in time in tables as what has passed since, or as local date and time' -r -f -a "relative\t'What has passed since: 5m'
iso\t'The local date and time'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l color -d 'Colour: NO_COLOR in the environment turns auto off' -r -f -a "auto\t'On a terminal'
always\t'Even into a pipe'
never\t'Not at all'"
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l json -d 'Short for --format json'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l no-headings -d 'Print no line of column titles'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -l bytes -d 'Print exact sizes in tables'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -s q -l quiet -d 'Print no warnings, notes and hints; errors and the exit status stay'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "list" -d 'List objects, all or those named'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "show" -d 'Show all that is known of objects'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "create" -d 'Make an object and print its address'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "set" -d 'Change objects'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "rm" -d 'Remove objects by address'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "limits" -d 'Show every limit of these facilities, how much is used, and what raises it'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "kinds" -d 'Show what each kind of object can do'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "generate" -d 'Write the manual pages or the completions into a folder'
complete -c ipcctl -n "__fish_ipcctl_using_subcommand help; and not __fish_seen_subcommand_from list show create set rm limits kinds generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
