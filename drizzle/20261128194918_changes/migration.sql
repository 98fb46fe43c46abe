CREATE TABLE "change_stream" (
	"id" boolean PRIMARY KEY DEFAULT true,
	"position" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "change_stream_one_row" CHECK ("id")
);
--> statement-breakpoint
CREATE TABLE "changes" (
	"position" bigint PRIMARY KEY,
	"audit_event_id" uuid NOT NULL CONSTRAINT "changes_audit_event_unique" UNIQUE,
	"type" text NOT NULL,
	"organization_id" uuid
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"audit_event_id" uuid PRIMARY KEY,
	"written_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "changes_organization_order" ON "changes" ("organization_id","position");--> statement-breakpoint
CREATE INDEX "changes_type_order" ON "changes" ("type","position");--> statement-breakpoint
CREATE INDEX "outbox_order" ON "outbox" ("written_at","audit_event_id");--> statement-breakpoint
ALTER TABLE "changes" ADD CONSTRAINT "changes_audit_event" FOREIGN KEY ("audit_event_id") REFERENCES "audit_events"("id") ON DELETE CASCADE;--> statement-breakpoint
INSERT INTO "change_stream" DEFAULT VALUES;
--> statement-breakpoint
-- The audit row of each committed change goes into the outbox, whatever program wrote it.
CREATE FUNCTION write_outbox() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
	INSERT INTO outbox (audit_event_id) VALUES (new.id);
	RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER audit_events_outbox AFTER INSERT ON "audit_events" FOR EACH ROW WHEN (new.outcome = 'DONE')
	EXECUTE FUNCTION write_outbox();
--> statement-breakpoint
-- The changes that were made before this migration come first.
INSERT INTO "outbox" ("audit_event_id", "written_at") SELECT "id", "at" FROM "audit_events" WHERE "outcome" = 'DONE';
