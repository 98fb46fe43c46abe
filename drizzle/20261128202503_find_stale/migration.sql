ALTER TABLE "users" ADD COLUMN "last_seen_at" timestamp(6) with time zone;--> statement-breakpoint
CREATE INDEX "api_keys_created_order" ON "api_keys" ("created_at","id");--> statement-breakpoint
CREATE INDEX "users_last_seen_index" ON "users" ("last_seen_at");--> statement-breakpoint
CREATE INDEX "users_organization_last_seen_index" ON "users" ("organization_id","last_seen_at");