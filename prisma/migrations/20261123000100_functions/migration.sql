-- To 12 significant digits. The exact binary value is rounded once, half away from zero, so the same float comes out wherever it is
-- computed from the same float. One expression, which Postgres puts in place of the call; STABLE because to_char is.
CREATE FUNCTION mart.significant(x double precision) RETURNS double precision LANGUAGE sql STABLE STRICT
AS $$ SELECT to_char(x, '9.99999999999EEEE')::double precision $$;
