#!/bin/sh
# Every step here does nothing when its work is done already, so it runs on every start.
set -eu
tries=0
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "Temporal at $TEMPORAL_ADDRESS did not become healthy in 2 minutes." >&2; exit 1; }
  sleep 2
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION"

present=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
for attribute in SignalboxWorkspace=Keyword SignalboxPlaybook=Keyword SignalboxVersion=Int SignalboxSubject=Keyword; do
  name=${attribute%=*}
  case $present in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*=}" ;;
  esac
done
