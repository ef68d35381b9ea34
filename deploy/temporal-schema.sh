#!/bin/sh
# Every command here does nothing when its work is done already, so it runs on every start.
set -eu
for database in temporal temporal_visibility; do
  tool="temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u signalbox --db $database"
  folder=${database#temporal_} # temporal, visibility
  $tool create
  $tool setup-schema -v 0.0
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$folder/versioned"
done
