#!/bin/sh
# Every step here does nothing when its work is done already, so it runs on every start.
set -eu

# Waits until a command succeeds: the server answers a while after its port opens, a new namespace is seen a while later.
wait_for() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 60 ]; then
      echo "In 2 minutes this did not succeed at $TEMPORAL_ADDRESS: $*" >&2
      "$@" >/dev/null
      exit 1
    fi
    sleep 2
  done
}

wait_for temporal operator cluster health
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION"

wait_for temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"
present=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
for attribute in SignalboxWorkspace=Keyword SignalboxPlaybook=Keyword SignalboxVersion=Int SignalboxSubject=Keyword; do
  name=${attribute%=*}
  case $present in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*=}" ;;
  esac
done
