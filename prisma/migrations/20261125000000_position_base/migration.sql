-- AlterTable
ALTER TABLE "ops"."stream_offsets" ADD COLUMN     "position_base" BIGINT NOT NULL DEFAULT 0;
