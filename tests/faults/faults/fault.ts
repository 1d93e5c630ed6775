/** A fault is data: a name, how often, and how it is done. What came of it is for the judges. */
import type { Scene } from '../scene.js';

export interface Fault {
  name: string;
  /** Before the judges look. */
  times: number;
  /** Waits for its moment, does its harm, and takes it away again where it would not pass by itself. Resolves when the platform can recover. */
  inject(scene: Scene): Promise<void>;
  /** Why it cannot be had here, or null. */
  impossible?(scene: Scene): string | null;
}
