DROP INDEX "role_grants_organization_index";--> statement-breakpoint
CREATE INDEX "role_grants_in_organization_order" ON "role_grants" ("organization_id","since","id") WHERE ("project_id" is null);--> statement-breakpoint
CREATE INDEX "role_grants_everywhere_order" ON "role_grants" ("since","id") WHERE ("organization_id" is null);