-- AlterTable
ALTER TABLE "ops"."rejected_rows" ADD COLUMN     "discarded_at" TIMESTAMPTZ(3),
ADD COLUMN     "redriven_at" TIMESTAMPTZ(3);
