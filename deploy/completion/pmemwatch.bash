# bash completion for pmemwatch
# Made from the commands of pmemwatch (`pmemwatch completion`, `npm run golden`). Do not edit.

_pmemwatch() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=1 command words= operands= kind=nothing
  COMPREPLY=()
  # bash parts --status=dead at "="
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  [[ ${COMP_WORDS[1]} == help && COMP_CWORD -gt 1 ]] && at=2
  if (( COMP_CWORD == at )); then
    words="agent list resolve check rescan incidents ack close events deliveries replay receivers config support-bundle demo completion help"
    (( at == 1 )) && words+=" --help --version"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    return
  fi
  command=${COMP_WORDS[at]}
  case $command in
    receivers) words="test" ;;
    config) words="check" ;;
  esac
  if [[ -n $words ]]; then
    if (( COMP_CWORD == at + 1 )); then
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
      return
    fi
    command+=" ${COMP_WORDS[at+1]}"
    words=
  fi
  case "$command $prev" in
    "agent --config") kind=file ;;
    "agent --web.listen-address") kind=nothing ;;
    "agent --web.config.file") kind=file ;;
    "agent --web.telemetry-path") kind=nothing ;;
    "agent --path.sysfs") kind=folder ;;
    "agent --path.procfs") kind=folder ;;
    "agent --path.rootfs") kind=folder ;;
    "agent --path.dev") kind=folder ;;
    "agent --state.file") kind=file ;;
    "agent --log.level") words="debug info warn error" ;;
    "agent --log.format") words="json pretty" ;;
    "list --agent") kind=nothing ;;
    "list --socket") kind=file ;;
    "list --token-file") kind=file ;;
    "list --login-file") kind=file ;;
    "list --ca-file") kind=file ;;
    "list --cert-file") kind=file ;;
    "list --key-file") kind=file ;;
    "list --config") kind=file ;;
    "list --path.sysfs") kind=folder ;;
    "list --path.procfs") kind=folder ;;
    "list --path.rootfs") kind=folder ;;
    "list --path.dev") kind=folder ;;
    "resolve --config") kind=file ;;
    "resolve --path.sysfs") kind=folder ;;
    "resolve --path.procfs") kind=folder ;;
    "resolve --path.rootfs") kind=folder ;;
    "resolve --path.dev") kind=folder ;;
    "check --path.sysfs") kind=folder ;;
    "check --path.procfs") kind=folder ;;
    "check --path.rootfs") kind=folder ;;
    "check --path.dev") kind=folder ;;
    "rescan --author") kind=nothing ;;
    "rescan --reason") kind=nothing ;;
    "rescan --agent") kind=nothing ;;
    "rescan --socket") kind=file ;;
    "rescan --token-file") kind=file ;;
    "rescan --login-file") kind=file ;;
    "rescan --ca-file") kind=file ;;
    "rescan --cert-file") kind=file ;;
    "rescan --key-file") kind=file ;;
    "rescan --config") kind=file ;;
    "rescan --path.sysfs") kind=folder ;;
    "rescan --path.procfs") kind=folder ;;
    "rescan --path.rootfs") kind=folder ;;
    "rescan --path.dev") kind=folder ;;
    "incidents --agent") kind=nothing ;;
    "incidents --socket") kind=file ;;
    "incidents --token-file") kind=file ;;
    "incidents --login-file") kind=file ;;
    "incidents --ca-file") kind=file ;;
    "incidents --cert-file") kind=file ;;
    "incidents --key-file") kind=file ;;
    "incidents --config") kind=file ;;
    "ack --expires") kind=nothing ;;
    "ack --author") kind=nothing ;;
    "ack --reason") kind=nothing ;;
    "ack --agent") kind=nothing ;;
    "ack --socket") kind=file ;;
    "ack --token-file") kind=file ;;
    "ack --login-file") kind=file ;;
    "ack --ca-file") kind=file ;;
    "ack --cert-file") kind=file ;;
    "ack --key-file") kind=file ;;
    "ack --config") kind=file ;;
    "close --author") kind=nothing ;;
    "close --reason") kind=nothing ;;
    "close --agent") kind=nothing ;;
    "close --socket") kind=file ;;
    "close --token-file") kind=file ;;
    "close --login-file") kind=file ;;
    "close --ca-file") kind=file ;;
    "close --cert-file") kind=file ;;
    "close --key-file") kind=file ;;
    "close --config") kind=file ;;
    "events --after") kind=nothing ;;
    "events --since") kind=nothing ;;
    "events --limit") kind=nothing ;;
    "events --agent") kind=nothing ;;
    "events --socket") kind=file ;;
    "events --token-file") kind=file ;;
    "events --login-file") kind=file ;;
    "events --ca-file") kind=file ;;
    "events --cert-file") kind=file ;;
    "events --key-file") kind=file ;;
    "events --config") kind=file ;;
    "deliveries --receiver") kind=nothing ;;
    "deliveries --status") words="pending delivered rejected expired filtered merged dead" ;;
    "deliveries --incident") kind=nothing ;;
    "deliveries --limit") kind=nothing ;;
    "deliveries --agent") kind=nothing ;;
    "deliveries --socket") kind=file ;;
    "deliveries --token-file") kind=file ;;
    "deliveries --login-file") kind=file ;;
    "deliveries --ca-file") kind=file ;;
    "deliveries --cert-file") kind=file ;;
    "deliveries --key-file") kind=file ;;
    "deliveries --config") kind=file ;;
    "replay --receiver") kind=nothing ;;
    "replay --author") kind=nothing ;;
    "replay --reason") kind=nothing ;;
    "replay --agent") kind=nothing ;;
    "replay --socket") kind=file ;;
    "replay --token-file") kind=file ;;
    "replay --login-file") kind=file ;;
    "replay --ca-file") kind=file ;;
    "replay --cert-file") kind=file ;;
    "replay --key-file") kind=file ;;
    "replay --config") kind=file ;;
    "receivers test --author") kind=nothing ;;
    "receivers test --agent") kind=nothing ;;
    "receivers test --socket") kind=file ;;
    "receivers test --token-file") kind=file ;;
    "receivers test --login-file") kind=file ;;
    "receivers test --ca-file") kind=file ;;
    "receivers test --cert-file") kind=file ;;
    "receivers test --key-file") kind=file ;;
    "receivers test --config") kind=file ;;
    "config check --web.config.file") kind=file ;;
    "support-bundle --file-names") words="hash full" ;;
    "support-bundle --agent") kind=nothing ;;
    "support-bundle --socket") kind=file ;;
    "support-bundle --token-file") kind=file ;;
    "support-bundle --login-file") kind=file ;;
    "support-bundle --ca-file") kind=file ;;
    "support-bundle --cert-file") kind=file ;;
    "support-bundle --key-file") kind=file ;;
    "support-bundle --config") kind=file ;;
    "support-bundle --web.config.file") kind=file ;;
    "support-bundle --path.sysfs") kind=folder ;;
    "support-bundle --path.procfs") kind=folder ;;
    "support-bundle --path.rootfs") kind=folder ;;
    "support-bundle --path.dev") kind=folder ;;
    *)
      case $command in
        "agent") words="--config --web.listen-address --web.config.file --web.telemetry-path --path.sysfs --path.procfs --path.rootfs --path.dev --state.file --log.level --log.format --help" ;;
        "list") words="--direct --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --path.sysfs --path.procfs --path.rootfs --path.dev --help" ;;
        "resolve") words="--json --config --path.sysfs --path.procfs --path.rootfs --path.dev --help" ;;
        "check") words="--json --jsonl --path.sysfs --path.procfs --path.rootfs --path.dev --help"; [[ $cur == -* ]] || kind=file ;;
        "rescan") words="--wait --author --reason --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --path.sysfs --path.procfs --path.rootfs --path.dev --help" ;;
        "incidents") words="--all --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "ack") words="--expires --author --reason --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "close") words="--author --reason --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "events") words="--follow -f --after --since --limit --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "deliveries") words="--receiver --status --incident --limit --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "replay") words="--receiver --author --reason --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "receivers test") words="--author --json --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --help" ;;
        "config check") words="--web.config.file --help"; [[ $cur == -* ]] || kind=file ;;
        "support-bundle") words="--file-names --force --agent --socket --token-file --login-file --ca-file --cert-file --key-file --config --web.config.file --path.sysfs --path.procfs --path.rootfs --path.dev --help"; [[ $cur == -* ]] || kind=file ;;
        "demo") words="--keep --help" ;;
        "completion") words="--help" operands="bash fish zsh" ;;
      esac
      [[ $cur == -* ]] || words=$operands
      ;;
  esac
  case $kind in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
  esac
}
complete -F _pmemwatch pmemwatch
