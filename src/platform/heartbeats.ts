/**
 * Whether the loops of a process go on. Each beats as it turns; one that is silent for longer than its own bound is stuck, and a
 * process with a stuck loop says so at /livez, to be started anew.
 * Must stay true: waiting for work, or waiting out an error, is not being stuck: such a loop rests, or goes on beating.
 */
export interface Heartbeat {
  /** It turns; the next beat is due within its bound, or within `ms`. */
  beat(ms?: number): void;
  /** It owes no beat until the next one. */
  rest(): void;
}

export interface StuckLoop {
  loop: string;
  silentSeconds: number;
  boundSeconds: number;
}

export class Heartbeats {
  readonly #beats = new Map<string, { at: number; boundMs: number }>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The loop is rested until its first beat. */
  of(loop: string, boundMs: number): Heartbeat {
    return {
      beat: (ms = boundMs) => void this.#beats.set(loop, { at: this.now(), boundMs: ms }),
      rest: () => void this.#beats.delete(loop),
    };
  }

  stuck(): StuckLoop[] {
    const now = this.now();
    return Array.from(this.#beats, ([loop, { at, boundMs }]) => ({
      loop,
      silentSeconds: Math.round((now - at) / 1_000),
      boundSeconds: Math.round(boundMs / 1_000),
      overdue: now - at > boundMs,
    }))
      .filter(({ overdue }) => overdue)
      .map(({ overdue: _, ...loop }) => loop);
  }
}
