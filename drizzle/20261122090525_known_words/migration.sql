-- Nobody noted since when the words are known that are there: for ever.
ALTER TABLE "permissions" ADD COLUMN "created_at" timestamp(6) with time zone DEFAULT '-infinity' NOT NULL;--> statement-breakpoint
ALTER TABLE "permissions" ALTER COLUMN "created_at" SET DEFAULT clock_timestamp();
