/**
 * Equal subscriptions share one source, one execution and one serialisation per event; each gets the bytes under its own id.
 * Must stay true: events reach every subscriber in order, once, also when two groups of equals become one; nobody is answered under
 * another's rights (the key names them); the protocol stays graphql-transport-ws to the letter: graphql-ws keeps each subscription's
 * life, here only its `next` messages are written.
 */
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, type GraphQLFormattedError } from 'graphql';
import { CLOSE, type Connection } from './connection.js';
import { type FeedEvent, Payloads } from './payloads.js';
import { FellBehind, LogAway } from './reading/feed.js';
import { nextTurn } from './reading/turns.js';

export interface LiveOperation {
  /** Without rootValue and contextValue. */
  args: ExecutionArgs;
  /** Operations with the same key give the same answers to the same events, wherever they began. */
  key: string;
  /** One for each batch of events: what a loader holds is never older than the events. */
  makeContext(): object;
  formatErrors(errors: NonNullable<ExecutionResult['errors']>): GraphQLFormattedError[];
}

/** What the opening of a source may use, besides its context. */
export interface SubscriberContext {
  /** Aborted when the socket that asked is closed. */
  gone: AbortSignal;
}

/** A feed. `take` gives what needs no waiting. Those that catch up side by side give the same objects. */
interface Source extends AsyncIterator<unknown> {
  take(): unknown;
  /** It is read at the pace of its one reader. */
  readonly catchingUp: boolean;
  /** It has given all that there is, as any other idle source for the same operation has. */
  readonly idle: boolean;
  /** It is catching up, and not pulled for now. */
  pause(): void;
}

/** Events that are executed side by side. */
const BATCH = 32;

export class Broadcasts {
  readonly #all = new Set<Broadcast>();
  /** Since the start. */
  readonly counts = { events: 0, deliveries: 0 };
  /** By key: those that are live, one once they have met. */
  readonly #live = new Map<string, Set<Broadcast>>();
  readonly #payloads = new Payloads();

  async subscribe(operation: LiveOperation, connection: Connection, id: string): Promise<AsyncIterableIterator<never> | ExecutionResult> {
    const contextValue: SubscriberContext = { ...operation.makeContext(), gone: connection.gone };
    const stream = await createSourceEventStream({ ...operation.args, contextValue });
    if (!(Symbol.asyncIterator in stream)) return stream;
    const source = stream[Symbol.asyncIterator]() as Source;
    const [standing] = source.catchingUp ? [] : (this.#live.get(operation.key) ?? []);
    if (standing !== undefined) {
      const member = standing.join(connection, id); // at once: it would end with its last member
      await source.return?.();
      return member;
    }
    const broadcast = new Broadcast(operation, source, this.counts, this.#payloads, {
      onIdle: () => this.#meet(broadcast),
      onEnd: () => this.#forget(broadcast),
    });
    this.#all.add(broadcast);
    if (!source.catchingUp) this.#addLive(broadcast);
    return broadcast.join(connection, id);
  }

  /** That are open. */
  get subscriptions(): number {
    let count = 0;
    for (const broadcast of this.#all) count += broadcast.size;
    return count;
  }

  /** Closes every connection that has a subscription. */
  closeAll(close: { code: number; reason: string }): void {
    for (const broadcast of [...this.#all]) broadcast.closeAll(close);
  }

  /** Two that are idle have told the same: one of them tells all from here on. */
  #meet(broadcast: Broadcast): void {
    const other = [...this.#addLive(broadcast)].find((each) => each !== broadcast && each.source.idle);
    if (other !== undefined) broadcast.moveTo(other);
  }

  #addLive(broadcast: Broadcast): Set<Broadcast> {
    const { key } = broadcast.operation;
    const equals = this.#live.get(key) ?? new Set();
    this.#live.set(key, equals.add(broadcast));
    return equals;
  }

  #forget(broadcast: Broadcast): void {
    this.#all.delete(broadcast);
    const equals = this.#live.get(broadcast.operation.key);
    if (equals?.delete(broadcast) && equals.size === 0) this.#live.delete(broadcast.operation.key);
  }
}

class Broadcast {
  readonly #members = new Set<Member>();
  #running = false;

  constructor(
    readonly operation: LiveOperation,
    readonly source: Source,
    private readonly counts: Broadcasts['counts'],
    private readonly payloads: Payloads,
    private readonly listeners: { onIdle(): void; onEnd(): void },
  ) {}

  get size(): number {
    return this.#members.size;
  }

  join(connection: Connection, id: string): Member {
    const member = new Member(this, connection, id);
    this.#members.add(member);
    return member;
  }

  begin(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  leave(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#end();
  }

  moveTo(other: Broadcast): void {
    for (const member of this.#members) {
      member.broadcast = other;
      other.#members.add(member);
    }
    this.#members.clear();
    this.#end();
  }

  closeAll(close: { code: number; reason: string }): void {
    for (const member of this.#members) member.connection.close(close);
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const { catchingUp } = this.source;
        if (catchingUp) await this.#untilRoom();
        const events = await this.#nextEvents();
        if (events.length === 0) break;
        if (catchingUp) await nextTurn();
        const { key } = this.operation;
        const payloads = await (catchingUp
          ? this.payloads.get(key, events as FeedEvent[], (each) => this.#execute(each))
          : this.#execute(events));
        this.counts.deliveries += events.length * this.#members.size;
        for (const member of this.#members) member.send(payloads, catchingUp);
      }
      for (const member of [...this.#members]) member.complete();
    } catch (error) {
      const close = error instanceof FellBehind ? CLOSE.tooSlow : error instanceof LogAway ? CLOSE.tryAgainLater : null;
      if (close !== null) this.closeAll(close); // which says it all: it is no failure of each client
      for (const member of [...this.#members]) close === null ? member.fail(error) : member.complete();
    }
    this.#end();
  }

  async #untilRoom(): Promise<void> {
    for (const { connection } of [...this.#members]) {
      if (connection.hasRoom) continue;
      this.source.pause();
      await connection.room();
    }
  }

  async #nextEvents(): Promise<unknown[]> {
    const pending = this.source.next();
    if (this.source.idle) this.listeners.onIdle();
    const first = await pending;
    if (first.done === true) return [];
    const events = [first.value];
    while (events.length < BATCH) {
      const event = this.source.take();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  async #execute(events: readonly unknown[]): Promise<Buffer[]> {
    this.counts.events += events.length;
    const { args, makeContext, formatErrors } = this.operation;
    const contextValue = makeContext();
    const results = await Promise.all(events.map((rootValue) => execute({ ...args, rootValue, contextValue })));
    return results.map(({ errors, ...rest }) =>
      Buffer.from(`${JSON.stringify(errors === undefined ? rest : { ...rest, errors: formatErrors(errors) })}}`),
    );
  }

  #end(): void {
    this.listeners.onEnd();
    void this.source.return?.();
  }
}

/** What graphql-ws holds for a subscription: it yields nothing, and ends when the subscription does. */
class Member implements AsyncIterableIterator<never> {
  readonly #end = Promise.withResolvers<IteratorResult<never, undefined>>();
  /** A message up to its payload; a payload brings the closing brace. */
  readonly #head: Buffer;
  #active = false;

  constructor(
    public broadcast: Broadcast,
    readonly connection: Connection,
    id: string,
  ) {
    this.#head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
    this.#end.promise.catch(() => {}); // nobody may be waiting yet
  }

  /** `paced`: its sender sees to it that there is room. */
  send(payloads: readonly Buffer[], paced: boolean): void {
    if (!this.#active) return;
    const messages = payloads.map((payload) => Buffer.concat([this.#head, payload]));
    if (paced) this.connection.sendAll(messages);
    else this.connection.push(messages);
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
    this.broadcast.begin();
    return this.#end.promise;
  }

  async return(): Promise<IteratorResult<never, undefined>> {
    this.#active = false;
    this.broadcast.leave(this);
    this.complete();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
