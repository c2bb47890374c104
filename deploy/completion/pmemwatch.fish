# fish completion for pmemwatch
# Made from the commands of pmemwatch (`pmemwatch completion`, `npm run golden`). Do not edit.

# Whether the words so far are a command, and nothing of it is missing: its second word, where it has two.
function __pmemwatch_is
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = help; and set -e words[1]
    if test (count $argv) -eq 0
        test (count $words) -eq 0
        return
    end
    set -l end (count $argv)
    test (count $words) -ge $end; or return 1
    test "$words[1..$end]" = "$argv"
end

complete -c pmemwatch -f
complete -c pmemwatch -n '__pmemwatch_is' -a agent -d 'watch this host, until told to stop'
complete -c pmemwatch -n '__pmemwatch_is' -a list -d 'show buses, DIMMs and their health, regions, namespaces, devices and their bad ranges'
complete -c pmemwatch -n '__pmemwatch_is' -a resolve -d 'say who owns sectors of a device: file, metadata, free space, …'
complete -c pmemwatch -n '__pmemwatch_is' -a check -d 'show which bytes of these files are damaged'
complete -c pmemwatch -n '__pmemwatch_is' -a rescan -d 'search whole buses for latent errors (ARS)'
complete -c pmemwatch -n '__pmemwatch_is' -a incidents -d 'what is wrong now, as the running agent knows it; with an ID, all about one incident'
complete -c pmemwatch -n '__pmemwatch_is' -a ack -d 'take an incident on: from now on only growth and its end are told'
complete -c pmemwatch -n '__pmemwatch_is' -a close -d 'end an incident that no reading shows any more'
complete -c pmemwatch -n '__pmemwatch_is' -a events -d 'what happened, oldest first, as the running agent recorded it; -f follows'
complete -c pmemwatch -n '__pmemwatch_is' -a deliveries -d 'what the running agent told to whom, and what nobody took'
complete -c pmemwatch -n '__pmemwatch_is' -a replay -d 'have the running agent send deliveries again, under the ids that they had'
complete -c pmemwatch -n '__pmemwatch_is' -a receivers -d 'test: have the running agent send a test message to a receiver'
complete -c pmemwatch -n '__pmemwatch_is' -a config -d 'check: say whether a configuration file is right, and everything that is not'
complete -c pmemwatch -n '__pmemwatch_is' -a support-bundle -d 'collect what a bug report needs in one archive, without secrets'
complete -c pmemwatch -n '__pmemwatch_is' -a demo -d 'break a real file on a simulated host and watch the alert arrive'
complete -c pmemwatch -n '__pmemwatch_is' -a completion -d 'print what makes a shell complete the words of pmemwatch'
complete -c pmemwatch -n '__pmemwatch_is' -a help -d 'say more about a command'
complete -c pmemwatch -n '__pmemwatch_is' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is' -l version -d 'which version this is'
complete -c pmemwatch -n '__pmemwatch_is receivers' -a test -d 'have the running agent send a test message to a receiver'
complete -c pmemwatch -n '__pmemwatch_is config' -a check -d 'say whether a configuration file is right, and everything that is not'
complete -c pmemwatch -n '__pmemwatch_is agent' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is agent' -l web.listen-address -d 'where to serve metrics and API, as HOST:PORT, [IPV6]:PORT or :PORT; port 0 takes a free one' -x
complete -c pmemwatch -n '__pmemwatch_is agent' -l web.config.file -d 'TLS, passwords, headers and a rate limit, in the format of the Prometheus exporters' -r -F
complete -c pmemwatch -n '__pmemwatch_is agent' -l web.telemetry-path -d 'path of the metrics' -x
complete -c pmemwatch -n '__pmemwatch_is agent' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is agent' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is agent' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is agent' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is agent' -l state.file -d 'what the agent remembers' -r -F
complete -c pmemwatch -n '__pmemwatch_is agent' -l log.level -d 'debug, info, warn or error' -x -a 'debug info warn error'
complete -c pmemwatch -n '__pmemwatch_is agent' -l log.format -d 'json or pretty (the default on a terminal)' -x -a 'json pretty'
complete -c pmemwatch -n '__pmemwatch_is agent' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is list' -l direct -d 'read the lists of this host itself, whether an agent runs or not; so do --path.*'
complete -c pmemwatch -n '__pmemwatch_is list' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is list' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is list' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is list' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is list' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is list' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is list' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is list' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is resolve' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is resolve' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is check' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is check' -l jsonl -d 'one JSON document for each file, one a line'
complete -c pmemwatch -n '__pmemwatch_is check' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is check' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is check' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is check' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is check' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is check' -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l wait -d 'show progress, and end with the scrub'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l author -d 'who asks [the user who runs this]' -x
complete -c pmemwatch -n '__pmemwatch_is rescan' -l reason -d 'why; kept in the history' -x
complete -c pmemwatch -n '__pmemwatch_is rescan' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is rescan' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is rescan' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is rescan' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is incidents' -l all -d 'resolved ones too'
complete -c pmemwatch -n '__pmemwatch_is incidents' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is incidents' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is incidents' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is incidents' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is ack' -l expires -d 'for how long, such as 4h [until it ends]' -x
complete -c pmemwatch -n '__pmemwatch_is ack' -l author -d 'who asks [the user who runs this]' -x
complete -c pmemwatch -n '__pmemwatch_is ack' -l reason -d 'why; told to the receivers and kept in the history' -x
complete -c pmemwatch -n '__pmemwatch_is ack' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is ack' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is ack' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is ack' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is close' -l author -d 'who asks [the user who runs this]' -x
complete -c pmemwatch -n '__pmemwatch_is close' -l reason -d 'why; told to the receivers and kept in the history' -x
complete -c pmemwatch -n '__pmemwatch_is close' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is close' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is close' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is close' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is events' -s f -l follow -d 'go on with what happens from now on, until Ctrl-C'
complete -c pmemwatch -n '__pmemwatch_is events' -l after -d 'only what came after this event' -x
complete -c pmemwatch -n '__pmemwatch_is events' -l since -d 'only since then: RFC 3339, or a duration such as 2h for so long ago' -x
complete -c pmemwatch -n '__pmemwatch_is events' -l limit -d 'the newest so many; 0: all [100; all with --after or --since]' -x
complete -c pmemwatch -n '__pmemwatch_is events' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is events' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is events' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is events' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l receiver -d 'only to this receiver' -x
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l status -d 'only pending, delivered, rejected, expired, filtered, merged, or dead' -x -a 'pending delivered rejected expired filtered merged dead'
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l incident -d 'only about this incident (the whole id)' -x
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l limit -d 'the newest so many; 0: all' -x
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is deliveries' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is replay' -l receiver -d 'the dead letters of this receiver' -x
complete -c pmemwatch -n '__pmemwatch_is replay' -l author -d 'who asks [the user who runs this]' -x
complete -c pmemwatch -n '__pmemwatch_is replay' -l reason -d 'why; kept in the history' -x
complete -c pmemwatch -n '__pmemwatch_is replay' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is replay' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is replay' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is replay' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l author -d 'who asks [the user who runs this]' -x
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l json -d 'one JSON document instead of text'
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is receivers test' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is config check' -l web.config.file -d 'TLS, passwords, headers and a rate limit, in the format of the Prometheus exporters' -r -F
complete -c pmemwatch -n '__pmemwatch_is config check' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is config check' -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l file-names -d 'whether files are named, or told apart by a hash of their path, as in messages with paths: hash' -x -a 'hash full'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l force -d 'replace FILE when it exists'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l agent -d 'ask the agent at this address, such as https://db07:9915, in place of the socket' -x
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l socket -d 'ask the agent on this socket [api.socket of the configuration]' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l token-file -d 'with --agent: a file with a token of the agent (api.tokens); PMEMWATCH_TOKEN is the token itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l login-file -d 'with --agent: a file with NAME:PASSWORD (basic_auth_users); PMEMWATCH_LOGIN is the same itself' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l ca-file -d 'with --agent: the authorities (PEM) to trust, in place of those that Node.js knows' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l cert-file -d 'with --agent: a certificate (PEM) to show to the agent' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l key-file -d 'with --agent: the key (PEM) of that certificate' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l config -d 'configuration file; the default one may be missing' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l web.config.file -d 'TLS, passwords, headers and a rate limit, in the format of the Prometheus exporters' -r -F
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l path.sysfs -d 'where sysfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l path.procfs -d 'where procfs is mounted' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l path.rootfs -d 'where the host\'s root directory is seen' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l path.dev -d 'where device nodes are' -x -a '(__fish_complete_directories)'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is support-bundle' -F
complete -c pmemwatch -n '__pmemwatch_is demo' -l keep -d 'leave everything running at the end, until Ctrl-C'
complete -c pmemwatch -n '__pmemwatch_is demo' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is completion' -l help -d 'how to use it'
complete -c pmemwatch -n '__pmemwatch_is completion' -a 'bash fish zsh'
