CREATE INDEX "controller_grants_since_index" ON "controller_grants" ("since");--> statement-breakpoint
CREATE INDEX "controller_grants_expires_index" ON "controller_grants" ("expires_at") WHERE ("expires_at" is not null);--> statement-breakpoint
CREATE INDEX "controller_grants_ended_index" ON "controller_grants" ("ended_at") WHERE ("ended_at" is not null);--> statement-breakpoint
CREATE INDEX "model_grants_since_index" ON "model_grants" ("since");--> statement-breakpoint
CREATE INDEX "model_grants_expires_index" ON "model_grants" ("expires_at") WHERE ("expires_at" is not null);--> statement-breakpoint
CREATE INDEX "model_grants_ended_index" ON "model_grants" ("ended_at") WHERE ("ended_at" is not null);--> statement-breakpoint
CREATE INDEX "role_grants_since_index" ON "role_grants" ("since");--> statement-breakpoint
CREATE INDEX "role_grants_expires_index" ON "role_grants" ("expires_at") WHERE ("expires_at" is not null);--> statement-breakpoint
CREATE INDEX "role_grants_ended_index" ON "role_grants" ("ended_at") WHERE ("ended_at" is not null);--> statement-breakpoint
CREATE INDEX "user_suspensions_since_index" ON "user_suspensions" ("since");--> statement-breakpoint
CREATE INDEX "user_suspensions_expires_index" ON "user_suspensions" ("expires_at") WHERE ("expires_at" is not null);--> statement-breakpoint
CREATE INDEX "user_suspensions_ended_index" ON "user_suspensions" ("ended_at") WHERE ("ended_at" is not null);--> statement-breakpoint
CREATE INDEX "users_deleted_index" ON "users" ("deleted_at") WHERE ("deleted_at" is not null);