/**
 * Equal subscriptions share one source, one execution and one serialisation per event; each gets the bytes under its own id.
 * Must stay true: events reach every subscriber in order; nobody is answered under another's rights (the key names them); the protocol
 * stays graphql-transport-ws to the letter: graphql-ws keeps each subscription's life, here only its `next` messages are written.
 */
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, type GraphQLFormattedError } from 'graphql';
import { CLOSE, type Connection } from './connection.js';
import { FellBehind, LogAway } from './feed.js';

export interface LiveOperation {
  /** Without rootValue and contextValue. */
  args: ExecutionArgs;
  /** Operations with the same key give the same answers to the same events. */
  key: string;
  /** One for each batch of events: what a loader holds is never older than the events. */
  makeContext(): object;
  formatErrors(errors: NonNullable<ExecutionResult['errors']>): GraphQLFormattedError[];
}

/** A feed. `take` gives what needs no waiting; while it catches up, it is read at the pace of its one reader. */
interface Source extends AsyncIterator<unknown> {
  take?(): unknown;
  readonly catchingUp?: boolean;
}

/** Events that are executed side by side. */
const BATCH = 32;

export class Broadcasts {
  readonly #shared = new Map<string, Broadcast>();
  readonly #all = new Set<Broadcast>();

  async subscribe(operation: LiveOperation, connection: Connection, id: string): Promise<AsyncIterableIterator<never> | ExecutionResult> {
    const standing = this.#shared.get(operation.key);
    if (standing !== undefined) return standing.join(connection, id);
    const stream = await createSourceEventStream({ ...operation.args, contextValue: operation.makeContext() });
    if (!(Symbol.asyncIterator in stream)) return stream;
    const source: Source = stream[Symbol.asyncIterator]();
    const made = source.catchingUp ? undefined : this.#shared.get(operation.key); // by another one meanwhile
    if (made !== undefined) {
      await source.return?.();
      return made.join(connection, id);
    }
    const broadcast = new Broadcast(operation, source, () => {
      this.#all.delete(broadcast);
      if (this.#shared.get(operation.key) === broadcast) this.#shared.delete(operation.key);
    });
    this.#all.add(broadcast);
    if (!source.catchingUp) this.#shared.set(operation.key, broadcast);
    return broadcast.join(connection, id);
  }

  /** Closes every connection that has a subscription. */
  closeAll(close: { code: number; reason: string }): void {
    for (const broadcast of [...this.#all]) broadcast.closeAll(close);
  }
}

class Broadcast {
  readonly #members = new Set<Member>();
  #running = false;

  constructor(
    private readonly operation: LiveOperation,
    private readonly source: Source,
    private readonly onEnd: () => void,
  ) {}

  join(connection: Connection, id: string): Member {
    const member = new Member(connection, id, {
      begin: () => {
        if (this.#running) return;
        this.#running = true;
        void this.#run();
      },
      leave: () => {
        this.#members.delete(member);
        if (this.#members.size === 0) this.#end();
      },
    });
    this.#members.add(member);
    return member;
  }

  closeAll(close: { code: number; reason: string }): void {
    for (const member of this.#members) member.connection.close(close);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const catchingUp = this.source.catchingUp === true;
        const events = await this.#nextEvents();
        if (events.length === 0) break;
        const payloads = await this.#execute(events);
        if (catchingUp) for (const member of [...this.#members]) await member.sendPaced(payloads);
        else for (const member of this.#members) member.push(payloads);
      }
      for (const member of [...this.#members]) member.complete();
    } catch (error) {
      if (error instanceof FellBehind) this.closeAll(CLOSE.tooSlow);
      else if (error instanceof LogAway) this.closeAll(CLOSE.tryAgainLater);
      for (const member of [...this.#members]) member.fail(error);
    }
    this.#end();
  }

  async #nextEvents(): Promise<unknown[]> {
    const first = await this.source.next();
    if (first.done === true) return [];
    const events = [first.value];
    while (events.length < BATCH) {
      const event = this.source.take?.();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  async #execute(events: unknown[]): Promise<string[]> {
    const { args, makeContext, formatErrors } = this.operation;
    const contextValue = makeContext();
    const results = await Promise.all(events.map((rootValue) => execute({ ...args, rootValue, contextValue })));
    return results.map(({ errors, ...rest }) => JSON.stringify(errors === undefined ? rest : { ...rest, errors: formatErrors(errors) }));
  }

  #end(): void {
    this.onEnd();
    void this.source.return?.();
  }
}

/** What graphql-ws holds for a subscription: it yields nothing, and ends when the subscription does. */
class Member implements AsyncIterableIterator<never> {
  readonly #end = Promise.withResolvers<IteratorResult<never, undefined>>();
  readonly #head: string;
  #active = false;

  constructor(
    readonly connection: Connection,
    id: string,
    private readonly membership: { begin(): void; leave(): void },
  ) {
    this.#head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    this.#end.promise.catch(() => {}); // nobody may be waiting yet
  }

  push(payloads: readonly string[]): void {
    if (this.#active) this.connection.push(payloads.map((payload) => `${this.#head}${payload}}`));
  }

  async sendPaced(payloads: readonly string[]): Promise<void> {
    for (const payload of payloads) {
      await this.connection.hasRoom();
      if (this.#active) this.connection.send(`${this.#head}${payload}}`);
    }
  }

  complete(): void {
    this.#end.resolve({ value: undefined, done: true });
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }

  /** graphql-ws asks once it has noted the subscription, so nothing is sent before. */
  next(): Promise<IteratorResult<never, undefined>> {
    this.#active = true;
    this.membership.begin();
    return this.#end.promise;
  }

  async return(): Promise<IteratorResult<never, undefined>> {
    this.#active = false;
    this.membership.leave();
    this.complete();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
