CREATE TABLE "webhook_deliveries" (
	"id" uuid PRIMARY KEY,
	"webhook_id" uuid NOT NULL,
	"audit_event_id" uuid,
	"type" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"attempted_at" timestamp(6) with time zone,
	"next_attempt_at" timestamp(6) with time zone,
	"response_status" integer,
	"response_excerpt" text,
	"error" text,
	CONSTRAINT "webhook_deliveries_state" CHECK ("state" in ('QUEUED', 'DELIVERED', 'FAILED'))
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid,
	"owner_id" uuid NOT NULL,
	"url" text NOT NULL,
	"types" jsonb,
	"description" text,
	"secrets" text,
	"key_id" text,
	"position" bigint NOT NULL,
	"paused_at" timestamp(6) with time zone,
	"disabled_at" timestamp(6) with time zone,
	"disabled_reason" text,
	"delivery_id" uuid,
	"failing_since" timestamp(6) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp(6) with time zone,
	"claim" uuid,
	"claimed_until" timestamp(6) with time zone,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone,
	CONSTRAINT "webhooks_disabled_reason" CHECK ("disabled_reason" in ('FAILED', 'GONE', 'OWNER_INACTIVE', 'OWNER_MAY_NOT_READ'))
);
--> statement-breakpoint
CREATE INDEX "webhook_deliveries_order" ON "webhook_deliveries" ("webhook_id","created_at","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_created_order" ON "webhook_deliveries" ("created_at","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_tests" ON "webhook_deliveries" ("created_at") WHERE state = 'QUEUED' and audit_event_id is null;--> statement-breakpoint
CREATE INDEX "webhooks_organization_index" ON "webhooks" ("organization_id");--> statement-breakpoint
CREATE INDEX "webhooks_owner_index" ON "webhooks" ("owner_id");--> statement-breakpoint
CREATE INDEX "webhooks_created_order" ON "webhooks" ("created_at","id");--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_owner" FOREIGN KEY ("owner_id") REFERENCES "users"("id") ON DELETE RESTRICT;