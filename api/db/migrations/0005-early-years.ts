import { type Kysely, sql } from 'kysely'

/** The years 0 to 99 are read as themselves and no longer as those of the last century, as `parseInstant` does. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(RULE_INSTANT).execute(db)
}

/** As 0003 made it, but for those years. */
const RULE_INSTANT = `CREATE OR REPLACE FUNCTION rule_instant(said jsonb) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  n numeric; ms double precision; s text; y int; m int; d int; zone text; minutes int; fraction text := '';
BEGIN
  IF jsonb_typeof(said) = 'number' THEN
    n := said;
    -- Beyond any calendar, where doubles overflow or vanish.
    IF abs(n) > 1e300 THEN RETURN CASE WHEN n > 0 THEN 'Infinity' ELSE '-Infinity' END; END IF;
    IF abs(n) < 1e-300 THEN RETURN 0; END IF;
    ms := n::double precision * 1000;
    -- Math.round: halves upwards.
    RETURN CASE WHEN ms - floor(ms) >= 0.5 THEN floor(ms) + 1 ELSE floor(ms) END;
  END IF;
  IF jsonb_typeof(said) <> 'string' THEN RETURN NULL; END IF;
  s := said #>> '{}';
  -- A match that catches nothing is the quick kind; every part but the fraction has its place.
  IF s !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2}))?$' THEN RETURN NULL; END IF;
  y := left(s, 4); m := substr(s, 6, 2); d := substr(s, 9, 2);
  IF m < 1 OR m > 12 OR d < 1 THEN RETURN NULL; END IF;
  IF d > 28 AND d > (CASE WHEN m = 2 THEN CASE WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END)
    THEN RETURN NULL; END IF;
  -- To make_date the year before 1 is -1.
  ms := (make_date(CASE WHEN y = 0 THEN -1 ELSE y END, m, d) - date '1970-01-01') * 86400000::double precision;
  IF length(s) = 10 THEN RETURN ms; END IF;
  IF substr(s, 12, 2) > '23' OR substr(s, 15, 2) > '59' THEN RETURN NULL; END IF;
  ms := ms + substr(s, 12, 2)::int * 3600000 + substr(s, 15, 2)::int * 60000;
  zone := CASE WHEN right(s, 1) IN ('Z', 'z') THEN 'Z' WHEN substr(s, length(s) - 2, 1) = ':' THEN right(s, 6) ELSE right(s, 5) END;
  IF substr(s, 17, 1) = ':' THEN
    IF substr(s, 18, 2) > '59' THEN RETURN NULL; END IF;
    IF substr(s, 20, 1) = '.' THEN fraction := substr(s, 21, length(s) - 20 - length(zone)); END IF;
    ms := ms + substr(s, 18, 2)::int * 1000 + rpad(left(fraction, 3), 3, '0')::int;
  END IF;
  IF zone = 'Z' THEN RETURN ms; END IF;
  IF substr(zone, 2, 2) > '14' OR right(zone, 2) > '59' THEN RETURN NULL; END IF;
  minutes := substr(zone, 2, 2)::int * 60 + right(zone, 2)::int;
  RETURN ms - CASE WHEN left(zone, 1) = '-' THEN -minutes ELSE minutes END * 60000::double precision;
END $$`
