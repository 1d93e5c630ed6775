/** A fault is data: a name, how often, and how it is done. What came of it is for the judges. */
import type { Ending } from '../platform/supervised-process.js';
import type { Scene } from '../scene.js';

export interface Fault {
  name: string;
  /** Before the judges look. */
  times: number;
  /** Waits for its moment, does its harm, and takes it away again where it would not pass by itself. Resolves when the platform can recover. */
  inject(scene: Scene): Promise<void>;
  /** How processes may end because of it, beside those that it signals: none where nothing is said. */
  mayEnd?(scene: Scene): readonly Ending[];
  /** Of the processes that execute runs so many are harmed each time; one where nothing is said. */
  harmsWorkers?(scene: Scene): number;
  /** A worker that goes on afterwards may have lost its runs meanwhile: it was frozen, or could not renew its leases. */
  leasesLapse?: true;
  /** Why it cannot be had here, or null. */
  impossible?(scene: Scene): string | null;
}
