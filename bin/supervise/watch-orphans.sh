#!/bin/sh
# Outlives the supervisor by design: holds the read end of a pipe from it, and once the supervisor is gone (even by
# kill -9) ends every process that this run of it started. A pid file holds pid, run id and stop signal, a line each;
# files of another run are left alone, since a new supervisor may already be at work in the same folder.
#   watch-orphans.sh <folder of pid files> <run id>
pids=$1
run=$2
trap '' INT HUP
while read -r _; do :; done

ended=
round=0
while [ "$round" -lt 15 ]; do
  left=0
  for file in "$pids"/*.pid; do
    [ -f "$file" ] || continue
    { read -r pid && read -r owner && read -r signal; } <"$file" || continue
    [ "$owner" = "$run" ] || continue
    if ! kill -0 "$pid" 2>/dev/null; then
      rm -f "$file"
      continue
    fi
    left=1
    if [ "$round" -ge 8 ]; then
      kill -KILL "$pid" 2>/dev/null
    else
      # Once per process: a second fast-shutdown request would not hurry Postgres, and a child may still be starting.
      case " $ended " in
        *" $pid "*) ;;
        *)
          kill -s "$signal" "$pid" 2>/dev/null
          ended="$ended $pid"
          ;;
      esac
    fi
  done
  # A child between fork and its pid file shows up within the first rounds.
  [ "$left" -eq 0 ] && [ "$round" -ge 2 ] && exit 0
  round=$((round + 1))
  sleep 0.3
done
