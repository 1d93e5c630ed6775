// Loaded into every process of the platform before its own code: its clock is the machine's plus what the file FAULT_CLOCK_FILE says (ms).
// Timers go on as they are, as they do when an operator or NTP sets the clock. The clock of Postgres is the machine's and is not stepped.
import { readFileSync } from 'node:fs';

const RealDate = globalThis.Date;
let offset = 0;

function look() {
  try {
    offset = Number(readFileSync(process.env.FAULT_CLOCK_FILE, 'utf8')) || 0;
  } catch {
    offset = 0; // nobody has stepped it yet
  }
}
look();
setInterval(look, 100).unref();

globalThis.Date = class SteppedDate extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + offset] : args));
  }

  static now() {
    return RealDate.now() + offset;
  }
};
Object.defineProperty(globalThis.Date, 'name', { value: 'Date' });
