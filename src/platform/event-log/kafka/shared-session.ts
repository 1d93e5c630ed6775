/**
 * A session with the brokers that several questions share, each of which is answered in one go.
 * Must stay true: what one question meets is no business of the others. What a broker answers, an error too, shows that the session is
 * well; after anything else it is asked no more and ends with the last question that is under way on it. A question that fails for a passing
 * reason is asked again for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type Cluster from 'kafkajs/src/cluster/index.js';
import { isAnswer, isTransientKafkaError } from './errors.js';
import { answerWithin } from './patience.js';
import type { KafkaSession } from './session.js';

/** A question to brokers that are away fails after so long: whoever asks may be a page that somebody waits for. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 200;
/** So long a question waits for a session that is being opened: one broker of the list may be silent until its time is up (session.ts). */
const OPENING_MS = 20_000;

interface Opened {
  session: KafkaSession;
  cluster: Promise<Cluster>;
  /** Under way. */
  questions: number;
}

export class SharedSession {
  #current: Opened | null = null;
  readonly #all = new Set<Opened>();
  #closed = false;

  constructor(private readonly open: () => KafkaSession) {}

  async ask<T>(question: (cluster: Cluster) => Promise<T>): Promise<T> {
    for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
      const opened = this.#connect();
      opened.questions++;
      let cluster: Cluster | undefined;
      try {
        cluster = await answerWithin(OPENING_MS, 'a question', opened.cluster);
        return await question(cluster);
      } catch (error) {
        // One that is still being opened goes on, for whoever asks next.
        if (cluster !== undefined && !isAnswer(error)) this.#giveUp(opened);
        if (this.#closed || !isTransientKafkaError(error) || performance.now() > deadline) throw error;
      } finally {
        opened.questions--;
        if (opened.questions === 0 && this.#current !== opened) this.#end(opened);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#current = null;
    for (const opened of this.#all) this.#end(opened);
  }

  #connect(): Opened {
    if (this.#closed) throw new Error('the sessions with Kafka are closed');
    if (this.#current === null) {
      const session = this.open();
      const opened = { session, cluster: session.cluster([]), questions: 0 };
      opened.cluster.catch(() => this.#giveUp(opened)); // why, whoever asks is told
      this.#all.add(opened);
      this.#current = opened;
    }
    return this.#current;
  }

  #giveUp(opened: Opened): void {
    if (this.#current === opened) this.#current = null;
    if (opened.questions === 0) this.#end(opened); // nobody waited for it any more
  }

  #end(opened: Opened): void {
    this.#all.delete(opened);
    opened.session.end();
  }
}
