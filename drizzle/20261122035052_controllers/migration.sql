CREATE TABLE "controller_grants" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"controller_id" uuid NOT NULL,
	"level" text NOT NULL,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "controller_grants_level" CHECK ("level" in ('LOGIN', 'ADD_MODEL', 'SUPERUSER')),
	CONSTRAINT "controller_grants_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "controllers" (
	"id" uuid PRIMARY KEY,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"name_key" text collate "C" GENERATED ALWAYS AS (lower("name" collate "C")) STORED NOT NULL,
	"type" text NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE TABLE "model_grants" (
	"id" uuid PRIMARY KEY,
	"user_id" uuid NOT NULL,
	"model_id" uuid NOT NULL,
	"level" text NOT NULL,
	"since" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"granted_by" uuid,
	"expires_at" timestamp(6) with time zone,
	"ended_at" timestamp(6) with time zone,
	"ended_by" uuid,
	CONSTRAINT "model_grants_level" CHECK ("level" in ('READ', 'WRITE', 'ADMIN')),
	CONSTRAINT "model_grants_not_empty" CHECK ("ended_at" > "since")
);
--> statement-breakpoint
CREATE TABLE "models" (
	"id" uuid PRIMARY KEY,
	"controller_id" uuid NOT NULL,
	"name" text NOT NULL,
	"name_key" text collate "C" GENERATED ALWAYS AS (lower("name" collate "C")) STORED NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"deleted_at" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "controller_grants_held_once" ON "controller_grants" ("user_id","controller_id") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "controller_grants_user_order" ON "controller_grants" ("user_id","since","id");--> statement-breakpoint
CREATE INDEX "controller_grants_controller_order" ON "controller_grants" ("controller_id","since","id");--> statement-breakpoint
CREATE UNIQUE INDEX "controllers_name_unique" ON "controllers" ("name_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "controllers_name_order" ON "controllers" ("name_key","id");--> statement-breakpoint
CREATE INDEX "controllers_created_order" ON "controllers" ("created_at","id");--> statement-breakpoint
CREATE INDEX "controllers_organization_name_order" ON "controllers" ("organization_id","name_key","id");--> statement-breakpoint
CREATE INDEX "controllers_organization_created_order" ON "controllers" ("organization_id","created_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "model_grants_held_once" ON "model_grants" ("user_id","model_id") WHERE ("ended_at" is null);--> statement-breakpoint
CREATE INDEX "model_grants_user_order" ON "model_grants" ("user_id","since","id");--> statement-breakpoint
CREATE INDEX "model_grants_model_order" ON "model_grants" ("model_id","since","id");--> statement-breakpoint
CREATE UNIQUE INDEX "models_name_unique" ON "models" ("controller_id","name_key") WHERE ("deleted_at" is null);--> statement-breakpoint
CREATE INDEX "models_name_order" ON "models" ("name_key","id");--> statement-breakpoint
CREATE INDEX "models_created_order" ON "models" ("created_at","id");--> statement-breakpoint
CREATE INDEX "models_controller_name_order" ON "models" ("controller_id","name_key","id");--> statement-breakpoint
CREATE INDEX "models_controller_created_order" ON "models" ("controller_id","created_at","id");--> statement-breakpoint
ALTER TABLE "controller_grants" ADD CONSTRAINT "controller_grants_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "controller_grants" ADD CONSTRAINT "controller_grants_controller" FOREIGN KEY ("controller_id") REFERENCES "controllers"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "controller_grants" ADD CONSTRAINT "controller_grants_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "controller_grants" ADD CONSTRAINT "controller_grants_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "controllers" ADD CONSTRAINT "controllers_organization" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "model_grants" ADD CONSTRAINT "model_grants_user" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "model_grants" ADD CONSTRAINT "model_grants_model" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "model_grants" ADD CONSTRAINT "model_grants_granted_by" FOREIGN KEY ("granted_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "model_grants" ADD CONSTRAINT "model_grants_ended_by" FOREIGN KEY ("ended_by") REFERENCES "users"("id") ON DELETE RESTRICT;--> statement-breakpoint
ALTER TABLE "models" ADD CONSTRAINT "models_controller" FOREIGN KEY ("controller_id") REFERENCES "controllers"("id") ON DELETE RESTRICT;