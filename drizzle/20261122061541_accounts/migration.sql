CREATE TABLE "credentials" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"name_key" text collate "C" GENERATED ALWAYS AS (lower("name" collate "C")) STORED NOT NULL,
	"type" text NOT NULL,
	"attributes" jsonb NOT NULL,
	"secret_names" jsonb NOT NULL,
	"secrets" text,
	"key_id" text,
	"locked_at" timestamp(6) with time zone,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"email" text,
	"details" jsonb NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"sent_at" timestamp(6) with time zone,
	CONSTRAINT "notifications_state" CHECK ("state" in ('QUEUED', 'SENT', 'FAILED', 'NOT_SENT', 'DROPPED'))
);
--> statement-breakpoint
CREATE TABLE "password_guesses" (
	"key" text PRIMARY KEY,
	"points" integer NOT NULL,
	"expire" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "passwords" (
	"user_id" uuid PRIMARY KEY,
	"hash" text NOT NULL,
	"set_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"set_by" uuid
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"address" text,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"expires_at" timestamp(6) with time zone NOT NULL,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"id" uuid PRIMARY KEY,
	"public_key" jsonb NOT NULL,
	"private_key" text NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"retired_at" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"id" boolean PRIMARY KEY DEFAULT true,
	"read_only" boolean DEFAULT false NOT NULL,
	CONSTRAINT "settings_one_row" CHECK ("id")
);
--> statement-breakpoint
CREATE TABLE "ssh_keys" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"type" text NOT NULL,
	"blob" text NOT NULL,
	"comment" text,
	"fingerprint" text NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "last_used_at" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "replaced_by" uuid;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "outcome" text DEFAULT 'DONE' NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "count" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "code" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "refusal_key" text;--> statement-breakpoint
ALTER TABLE "audit_events" ADD COLUMN "session_id" uuid;--> statement-breakpoint
ALTER TABLE "models" ADD COLUMN "credential_id" uuid;--> statement-breakpoint
ALTER TABLE "audit_events" ALTER COLUMN "target_type" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_events" ALTER COLUMN "target_id" DROP NOT NULL;--> statement-breakpoint
CREATE INDEX "audit_events_actor_order" ON "audit_events" ("actor_id","at","id");--> statement-breakpoint
CREATE INDEX "audit_events_action_order" ON "audit_events" ("action","at","id");--> statement-breakpoint
CREATE INDEX "audit_events_organization_order" ON "audit_events" ("organization_id","at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "audit_events_refusal_unique" ON "audit_events" ("refusal_key");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_name_unique" ON "credentials" ("user_id","name_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "credentials_user_name_order" ON "credentials" ("user_id","name_key","id");--> statement-breakpoint
CREATE INDEX "credentials_user_created_order" ON "credentials" ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "credentials_key" ON "credentials" ("key_id","id");--> statement-breakpoint
CREATE INDEX "models_credential_index" ON "models" ("credential_id");--> statement-breakpoint
CREATE INDEX "notifications_created_order" ON "notifications" ("created_at","id");--> statement-breakpoint
CREATE INDEX "notifications_user_index" ON "notifications" ("user_id");--> statement-breakpoint
CREATE INDEX "notifications_state_order" ON "notifications" ("state","created_at","id");--> statement-breakpoint
CREATE INDEX "sessions_user_order" ON "sessions" ("user_id","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "ssh_keys_fingerprint_unique" ON "ssh_keys" ("user_id","fingerprint") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "ssh_keys_user_order" ON "ssh_keys" ("user_id","created_at","id");--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_replaced_by" FOREIGN KEY ("replaced_by") REFERENCES "api_keys"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_credential" FOREIGN KEY ("credential_id") REFERENCES "credentials"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "passwords" ADD CONSTRAINT "passwords_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "passwords" ADD CONSTRAINT "passwords_set_by" FOREIGN KEY ("set_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "ssh_keys" ADD CONSTRAINT "ssh_keys_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_outcome" CHECK ("outcome" in ('DONE', 'REFUSED'));--> statement-breakpoint
ALTER TABLE "audit_events" DROP CONSTRAINT "audit_events_actor_kind", ADD CONSTRAINT "audit_events_actor_kind" CHECK ("actor_kind" in ('USER', 'OPERATOR', 'SYSTEM', 'NOBODY'));