// Writes the generated pages of docs/; run by `npm run docs:config` after a build.
import { writeFileSync } from 'node:fs';
import { configurationPage } from '../dist/src/platform/config/page.js';
import { metricsPage } from '../dist/src/platform/metrics/page.js';

writeFileSync(new URL('configuration.md', import.meta.url), configurationPage());
writeFileSync(new URL('metrics.md', import.meta.url), metricsPage());
