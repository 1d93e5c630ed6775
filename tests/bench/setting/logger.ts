/** What is measured says nothing but its errors. */
import { createLogger } from '../../../src/platform/logger.js';

export const silent = createLogger({ level: 'error' }, process.stderr);
