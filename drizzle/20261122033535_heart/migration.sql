CREATE TABLE "api_key_limits" (
	"id" uuid PRIMARY KEY,
	"api_key_id" uuid NOT NULL,
	"role_id" uuid NOT NULL,
	"organization_id" uuid,
	"project_id" uuid
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"label" text NOT NULL,
	"hint" text NOT NULL,
	"hash" bytea NOT NULL,
	"source" text DEFAULT 'CREATED' NOT NULL,
	"limited" boolean DEFAULT false NOT NULL,
	"read_only" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"created_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"revoked_at" timestamp(6) with time zone,
	"revoked_by" uuid
);
--> statement-breakpoint
CREATE TABLE "audit_events" (
	"id" uuid PRIMARY KEY,
	"at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"action" text NOT NULL,
	"actor_kind" text NOT NULL,
	"actor_id" uuid,
	"api_key_id" uuid,
	"address" text,
	"request_id" uuid,
	"target_type" text NOT NULL,
	"target_id" uuid NOT NULL,
	"organization_id" uuid,
	"before" jsonb,
	"after" jsonb,
	CONSTRAINT "audit_events_actor_kind" CHECK ("actor_kind" in ('USER', 'OPERATOR', 'SYSTEM'))
);
--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY,
	"name" text NOT NULL,
	"name_key" text collate "C" GENERATED ALWAYS AS (lower("name" collate "C")) STORED NOT NULL,
	"title" text,
	"token_ttl_seconds" integer DEFAULT 3600 NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone,
	CONSTRAINT "organizations_token_ttl_range" CHECK ("token_ttl_seconds" between 60 and 2592000)
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid NOT NULL,
	"code" text NOT NULL,
	"code_key" text collate "C" GENERATED ALWAYS AS (lower("code" collate "C")) STORED NOT NULL,
	"title" text,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone,
	CONSTRAINT "projects_id_organization" UNIQUE("id","organization_id")
);
--> statement-breakpoint
CREATE TABLE "base_permissions" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid NOT NULL,
	"permission" text NOT NULL,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "base_permissions_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "permissions" (
	"name" text collate "C" PRIMARY KEY,
	"description" text
);
--> statement-breakpoint
CREATE TABLE "role_grants" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"role_id" uuid NOT NULL,
	"organization_id" uuid,
	"project_id" uuid,
	"scope_id" uuid GENERATED ALWAYS AS (coalesce(project_id, organization_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED NOT NULL,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "role_grants_project_in_organization" CHECK ("project_id" is null or "organization_id" is not null),
	CONSTRAINT "role_grants_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "role_permissions" (
	"id" uuid PRIMARY KEY,
	"role_id" uuid NOT NULL,
	"permission" text NOT NULL,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "role_permissions_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "roles" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid,
	"name" text NOT NULL,
	"name_key" text collate "C" GENERATED ALWAYS AS (lower("name" collate "C")) STORED NOT NULL,
	"title" text,
	"is_built_in" boolean DEFAULT false NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE TABLE "user_suspensions" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"reason" text,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "user_suspensions_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid NOT NULL,
	"username" text NOT NULL,
	"username_key" text collate "C" GENERATED ALWAYS AS (lower("username" collate "C")) STORED NOT NULL,
	"display_name" text,
	"email" text,
	"kind" text NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone,
	CONSTRAINT "users_kind" CHECK ("kind" in ('HUMAN', 'SERVICE'))
);
--> statement-breakpoint
CREATE INDEX "api_key_limits_api_key_index" ON "api_key_limits" ("api_key_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash_unique" ON "api_keys" ("hash") WHERE ("revoked_at" is null);--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_environment_once" ON "api_keys" ("source") WHERE (("source" = 'ENVIRONMENT') and (("revoked_at" is null)));--> statement-breakpoint
CREATE INDEX "api_keys_user_order" ON "api_keys" ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "audit_events_at_order" ON "audit_events" ("at","id");--> statement-breakpoint
CREATE INDEX "audit_events_target_order" ON "audit_events" ("target_id","at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "organizations_name_unique" ON "organizations" ("name_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "organizations_name_order" ON "organizations" ("name_key","id");--> statement-breakpoint
CREATE INDEX "organizations_created_order" ON "organizations" ("created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "projects_code_unique" ON "projects" ("code_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "projects_code_order" ON "projects" ("code_key","id");--> statement-breakpoint
CREATE INDEX "projects_created_order" ON "projects" ("created_at","id");--> statement-breakpoint
CREATE INDEX "projects_organization_code_order" ON "projects" ("organization_id","code_key","id");--> statement-breakpoint
CREATE INDEX "projects_organization_created_order" ON "projects" ("organization_id","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "base_permissions_held_once" ON "base_permissions" ("organization_id","permission") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "base_permissions_organization_index" ON "base_permissions" ("organization_id");--> statement-breakpoint
CREATE UNIQUE INDEX "role_grants_held_once" ON "role_grants" ("user_id","role_id","scope_id") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "role_grants_user_order" ON "role_grants" ("user_id","since","id");--> statement-breakpoint
CREATE INDEX "role_grants_role_order" ON "role_grants" ("role_id","since","id");--> statement-breakpoint
CREATE INDEX "role_grants_project_order" ON "role_grants" ("project_id","since","id");--> statement-breakpoint
CREATE INDEX "role_grants_organization_index" ON "role_grants" ("organization_id");--> statement-breakpoint
CREATE UNIQUE INDEX "role_permissions_held_once" ON "role_permissions" ("role_id","permission") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "role_permissions_role_index" ON "role_permissions" ("role_id");--> statement-breakpoint
CREATE UNIQUE INDEX "roles_name_unique" ON "roles" ("name_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "roles_name_order" ON "roles" ("name_key","id");--> statement-breakpoint
CREATE INDEX "roles_created_order" ON "roles" ("created_at","id");--> statement-breakpoint
CREATE INDEX "roles_organization_name_order" ON "roles" ("organization_id","name_key","id");--> statement-breakpoint
CREATE INDEX "roles_organization_created_order" ON "roles" ("organization_id","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "user_suspensions_held_once" ON "user_suspensions" ("user_id") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "user_suspensions_user_index" ON "user_suspensions" ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_username_unique" ON "users" ("username_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "users_username_order" ON "users" ("username_key","id");--> statement-breakpoint
CREATE INDEX "users_created_order" ON "users" ("created_at","id");--> statement-breakpoint
CREATE INDEX "users_organization_username_order" ON "users" ("organization_id","username_key","id");--> statement-breakpoint
CREATE INDEX "users_organization_created_order" ON "users" ("organization_id","created_at","id");--> statement-breakpoint
ALTER TABLE "api_key_limits" ADD CONSTRAINT "api_key_limits_api_key" FOREIGN KEY ("api_key_id") REFERENCES "api_keys"("id") ON DELETE CASCADE;--> statement-breakpoint
ALTER TABLE "api_key_limits" ADD CONSTRAINT "api_key_limits_role" FOREIGN KEY ("role_id") REFERENCES "roles"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "api_key_limits" ADD CONSTRAINT "api_key_limits_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "api_key_limits" ADD CONSTRAINT "api_key_limits_project" FOREIGN KEY ("project_id","organization_id") REFERENCES "projects"("id","organization_id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_created_by" FOREIGN KEY ("created_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_revoked_by" FOREIGN KEY ("revoked_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "base_permissions" ADD CONSTRAINT "base_permissions_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "base_permissions" ADD CONSTRAINT "base_permissions_permission" FOREIGN KEY ("permission") REFERENCES "permissions"("name") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "base_permissions" ADD CONSTRAINT "base_permissions_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "base_permissions" ADD CONSTRAINT "base_permissions_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_role" FOREIGN KEY ("role_id") REFERENCES "roles"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_project" FOREIGN KEY ("project_id","organization_id") REFERENCES "projects"("id","organization_id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_grants" ADD CONSTRAINT "role_grants_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_role" FOREIGN KEY ("role_id") REFERENCES "roles"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_permission" FOREIGN KEY ("permission") REFERENCES "permissions"("name") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "role_permissions" ADD CONSTRAINT "role_permissions_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "roles" ADD CONSTRAINT "roles_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "user_suspensions" ADD CONSTRAINT "user_suspensions_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "user_suspensions" ADD CONSTRAINT "user_suspensions_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "user_suspensions" ADD CONSTRAINT "user_suspensions_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;