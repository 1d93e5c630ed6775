// The image's health check: asks process 1 whether it is ready. One file for all roles, as each has a port of its own.
// Must stay true: without a server to ask (`migrate`, `run`, `status`, `offsets`) there is nothing to be unhealthy; it loads nothing, as it
// runs every few seconds.
import { readFileSync } from 'node:fs';

const PORTS = { up: 4000, gateway: 4000, worker: 4001, consumer: 4002, producer: 4003 };

const role = readFileSync('/proc/1/cmdline', 'utf8')
  .split('\0')
  .find((argument) => Object.hasOwn(PORTS, argument));
if (role === undefined) process.exit(0);
const port = process.env.PORT?.trim() || PORTS[role];
const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch((error) => ({ ok: false, text: () => String(error.cause ?? error) }));
console.log(await response.text());
process.exit(response.ok ? 0 : 1);
