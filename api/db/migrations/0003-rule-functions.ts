/** What rules in SQL need beyond Postgres's own: the evaluator's reading of times, and doubles as JavaScript has them. */
export const RULE_FUNCTIONS = [
  // parseInstant: milliseconds since 1970, or NULL. Nothing in it can fail: a day that does not exist is no time.
  // plpgsql and not sql: such a function is planned once a session and runs in parallel workers.
  `CREATE OR REPLACE FUNCTION rule_instant(said jsonb) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
  -- Date.UTC reads 0 to 99 as years of the last century.
  IF y < 100 THEN y := y + 1900; END IF;
  IF m < 1 OR m > 12 OR d < 1 THEN RETURN NULL; END IF;
  IF d > 28 AND d > (CASE WHEN m = 2 THEN CASE WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END)
    THEN RETURN NULL; END IF;
  ms := (make_date(y, m, d) - date '1970-01-01') * 86400000::double precision;
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
END $$`,
  // a + b, infinite where Postgres would refuse. Halves add up by the same rounding and cannot overflow.
  `CREATE OR REPLACE FUNCTION rule_add(a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF abs(a) < 8e307 AND abs(b) < 8e307 THEN RETURN a + b; END IF;
  IF abs(a) = 'Infinity' OR abs(b) = 'Infinity' THEN RETURN a + b; END IF;
  IF a / 2 + b / 2 >= 8.98846567431158e307 THEN RETURN 'Infinity'; END IF;
  IF a / 2 + b / 2 <= -8.98846567431158e307 THEN RETURN '-Infinity'; END IF;
  RETURN a + b;
END $$`,
  `CREATE OR REPLACE AGGREGATE rule_sum(double precision) (SFUNC = rule_add, STYPE = double precision, INITCOND = '0')`,
  // a / b for an average. NULL of nothing; what is smaller than any double is 0.
  `CREATE OR REPLACE FUNCTION rule_quotient(a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF b = 0 THEN RETURN NULL; END IF;
  IF abs(a) < 1e-290 THEN RETURN 0; END IF;
  RETURN a / b;
END $$`,
  // (figure - before) * 100 / before; NULL where it is no finite number.
  `CREATE OR REPLACE FUNCTION rule_change(figure double precision, before double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  less double precision;
BEGIN
  IF before = 0 OR NOT (abs(figure) < 'Infinity' AND abs(before) < 'Infinity') THEN RETURN NULL; END IF;
  less := rule_add(figure, -before);
  IF less = 0 THEN RETURN 0; END IF;
  IF abs(less) > 1.797693134862315e306 THEN RETURN NULL; END IF;
  IF abs(before) < 1 AND abs(less * 100) > 1.7976931348623157e308 * abs(before) THEN RETURN NULL; END IF;
  -- Smaller than any double.
  IF abs(before) > 1 AND abs(less) < 1e-290 THEN RETURN 0; END IF;
  RETURN less * 100 / before;
END $$`,
]
