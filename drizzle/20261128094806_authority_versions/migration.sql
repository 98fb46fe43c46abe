CREATE TABLE "authority_versions" (
	"owner_id" uuid PRIMARY KEY,
	"version" bigint NOT NULL,
	"moved_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL
);

--> statement-breakpoint
-- Gives each of these things another version, at most once in a transaction. They are locked in the order of their ids.
CREATE FUNCTION move_versions(owners uuid[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO authority_versions AS v (owner_id, version)
	SELECT o.id, hashtextextended(gen_random_uuid()::text, 0)
	FROM (SELECT DISTINCT unnest(owners) AS id ORDER BY 1) AS o WHERE o.id IS NOT NULL
	ON CONFLICT (owner_id) DO UPDATE SET version = excluded.version, moved_at = excluded.moved_at
	WHERE v.xmin <> pg_current_xact_id()::xid
$$;
--> statement-breakpoint
-- The facts of a thing were written. The argument is the column that names the thing.
CREATE FUNCTION move_versions_of_facts() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	IF tg_op = 'INSERT' THEN
		PERFORM move_versions(ARRAY(SELECT (to_jsonb(r) ->> tg_argv[0])::uuid FROM new_rows AS r));
	ELSIF tg_op = 'DELETE' THEN
		PERFORM move_versions(ARRAY(SELECT (to_jsonb(r) ->> tg_argv[0])::uuid FROM old_rows AS r));
	ELSE
		PERFORM move_versions(ARRAY(
			SELECT (to_jsonb(r) ->> tg_argv[0])::uuid FROM (SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows) AS r
		));
	END IF;
	RETURN NULL;
END
$$;
--> statement-breakpoint
-- A thing itself was written, or removed.
CREATE FUNCTION move_version_of_thing() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM move_versions(ARRAY[old.id]);
	RETURN NULL;
END
$$;
--> statement-breakpoint
-- Everything was written: every authority rests on the version of this id.
CREATE FUNCTION move_every_version() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	PERFORM move_versions(ARRAY['00000000-0000-0000-0000-000000000000'::uuid]);
	RETURN NULL;
END
$$;
--> statement-breakpoint
DO $do$
DECLARE
	facts record;
	thing record;
BEGIN
	FOR facts IN SELECT * FROM (VALUES
		('role_grants', 'user_id'), ('controller_grants', 'user_id'), ('model_grants', 'user_id'),
		('user_suspensions', 'user_id'), ('passwords', 'user_id'), ('role_permissions', 'role_id'),
		('base_permissions', 'organization_id'), ('api_key_limits', 'api_key_id')
	) AS f (name, owner)
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows
			FOR EACH STATEMENT EXECUTE FUNCTION move_versions_of_facts(%L)', facts.name || '_inserted', facts.name, facts.owner);
		EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
			FOR EACH STATEMENT EXECUTE FUNCTION move_versions_of_facts(%L)', facts.name || '_updated', facts.name, facts.owner);
		EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
			FOR EACH STATEMENT EXECUTE FUNCTION move_versions_of_facts(%L)', facts.name || '_deleted', facts.name, facts.owner);
		EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I EXECUTE FUNCTION move_every_version()',
			facts.name || '_truncated', facts.name);
	END LOOP;
	FOR thing IN SELECT * FROM (VALUES
		('users', ARRAY['organization_id', 'created_at', 'deleted_at']),
		('api_keys', ARRAY['user_id', 'hash', 'source', 'limited', 'read_only', 'expires_at', 'revoked_at']),
		('sessions', ARRAY['user_id', 'created_at', 'expires_at', 'ended_at']),
		('signing_keys', ARRAY['withdrawn_at']),
		('organizations', ARRAY['deleted_at']),
		('projects', ARRAY['deleted_at'])
	) AS t (name, columns)
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER UPDATE ON %I FOR EACH ROW WHEN ((%s) IS DISTINCT FROM (%s))
			EXECUTE FUNCTION move_version_of_thing()', thing.name || '_updated', thing.name,
			(SELECT string_agg(format('old.%I', c), ', ') FROM unnest(thing.columns) AS c),
			(SELECT string_agg(format('new.%I', c), ', ') FROM unnest(thing.columns) AS c));
		EXECUTE format('CREATE TRIGGER %I AFTER DELETE ON %I FOR EACH ROW
			EXECUTE FUNCTION move_version_of_thing()', thing.name || '_deleted', thing.name);
		EXECUTE format('CREATE TRIGGER %I AFTER TRUNCATE ON %I EXECUTE FUNCTION move_every_version()',
			thing.name || '_truncated', thing.name);
	END LOOP;
END
$do$;
