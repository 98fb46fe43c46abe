ALTER TABLE "audit_events" ADD COLUMN "actor_name" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "target_name" text;--> statement-breakpoint
ALTER TABLE "audit_events" DROP CONSTRAINT "audit_events_outcome", ADD CONSTRAINT "audit_events_outcome" CHECK ("outcome" in ('DONE', 'REFUSED', 'REFUSED_DRY_RUN'));