ALTER TABLE "users" ADD COLUMN "display_name_key" text collate "C" GENERATED ALWAYS AS (lower("display_name" collate "C")) STORED;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "email_key" text collate "C" GENERATED ALWAYS AS (lower("email" collate "C")) STORED;--> statement-breakpoint
CREATE INDEX "users_display_name_index" ON "users" ("display_name_key");--> statement-breakpoint
CREATE INDEX "users_email_index" ON "users" ("email_key");--> statement-breakpoint
CREATE INDEX "users_kind_username_order" ON "users" ("kind","username_key","id");