import { defineConfig } from 'prisma/config';

// The URL is read when a command needs it: `prisma generate` works without one.
export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  ...(process.env.DATABASE_URL === undefined ? {} : { datasource: { url: process.env.DATABASE_URL } }),
});
